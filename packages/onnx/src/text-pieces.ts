const WHITE_SPACE = /\s/

/**
 * Cuts a text into pieces of at most `size` UTF-16 code units whose concatenation is the text. Cuts are
 * made before white space, where subword tokenizers cut as well, so the tokens of the pieces are those of
 * the text. A run of more than `size` without any is cut between code points; only there can a token
 * differ.
 */
export function* textPieces(text: string, size: number): Generator<string> {
  let start = 0
  while (text.length - start > size) {
    const end = cutBefore(text, start, start + size)
    yield text.slice(start, end)
    start = end
  }
  if (start < text.length) yield text.slice(start)
}

function cutBefore(text: string, start: number, limit: number): number {
  let at = limit
  while (at > start && !WHITE_SPACE.test(text.charAt(at))) at--
  while (at > start && WHITE_SPACE.test(text.charAt(at - 1))) at--
  if (at > start) return at
  const isInsidePair = /[\uD800-\uDBFF]/.test(text.charAt(limit - 1))
  return isInsidePair ? limit - 1 : limit
}
