const SURROGATE = /[\ud800-\udfff]/

/**
 * Maps UTF-16 offsets of a text to code point offsets. Text without surrogate pairs, which is nearly
 * all text, needs no table.
 */
export function createCodePointIndex(text: string): (utf16Offset: number) => number {
  if (!SURROGATE.test(text)) return (offset) => offset
  const points = new Uint32Array(text.length + 1)
  let seen = 0
  for (let at = 0; at < text.length; at++) {
    points[at] = seen
    // The second half of a pair adds nothing: its pair was counted at the first half.
    if (!isHighSurrogate(text, at) || !isLowSurrogate(text, at + 1)) seen += 1
  }
  points[text.length] = seen
  return (offset) => points[offset] ?? seen
}

/** Number of Unicode code points of a text. */
export function countCodePoints(text: string): number {
  return createCodePointIndex(text)(text.length)
}

function isHighSurrogate(text: string, at: number): boolean {
  const unit = text.charCodeAt(at)
  return unit >= 0xd800 && unit <= 0xdbff
}

function isLowSurrogate(text: string, at: number): boolean {
  const unit = text.charCodeAt(at)
  return unit >= 0xdc00 && unit <= 0xdfff
}
