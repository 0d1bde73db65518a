/** A part of a text, in UTF-16 offsets. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** The span without white space at either end; undefined when nothing is left. */
export function trimSpan(text: string, { start, end }: Span): Span | undefined {
  let from = start
  let to = end
  while (from < to && isSpace(text.charCodeAt(from))) from++
  while (to > from && isSpace(text.charCodeAt(to - 1))) to--
  return from < to ? { start: from, end: to } : undefined
}

/** White space as ECMAScript's `\s`, decided without a regular expression for the common cases. */
export function isSpace(code: number): boolean {
  if (code <= 0x20) return code === 0x20 || (code >= 0x09 && code <= 0x0d)
  return code >= 0xa0 && /\s/.test(String.fromCharCode(code))
}

/** The second half of a character outside the Basic Multilingual Plane. */
export function isLowSurrogate(code: number): boolean {
  return code >= 0xdc00 && code <= 0xdfff
}

export interface Line extends Span {
  /** Without the line break. */
  readonly text: string
}

/** Lines with the offsets of their text; LF, CRLF and CR end a line. */
export function* linesOf(text: string, { start, end }: Span): Generator<Line> {
  const breaks = /\r\n?|\n/g
  let from = start
  while (from < end) {
    breaks.lastIndex = from
    const found = breaks.exec(text)
    const to = found ? Math.min(found.index, end) : end
    yield { start: from, end: to, text: text.slice(from, to) }
    from = found ? found.index + found[0].length : end
  }
}
