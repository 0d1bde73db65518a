/** Passes on text that comes in pieces, never half of a character: alone it cannot be encoded. */
export class WholeText {
  private held = ''

  add(text: string): string {
    const joined = this.held + text
    const last = joined.charCodeAt(joined.length - 1)
    const isHalf = last >= 0xd800 && last <= 0xdbff
    this.held = isHalf ? joined.slice(-1) : ''
    return isHalf ? joined.slice(0, -1) : joined
  }
}
