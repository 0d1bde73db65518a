/**
 * Sizes are hundredths of a token as XLM-RoBERTa's tokenizer (the one of BGE-M3) cuts on average: four
 * ASCII characters a token, three of other alphabets, and nearly one each for scripts without spaces.
 * White space counts as well, so a bound on tokens is a bound on characters. Sizes add up: the size of
 * a text is the sum of the sizes of its parts.
 */
const ASCII = 25
const ALPHABETIC = 33
const IDEOGRAPHIC = 80

export const tokens = (count: number): number => count * 100

/** Size of one UTF-16 code unit. */
export function unitSize(code: number): number {
  if (code < 0x80) return ASCII
  return code < 0x2e80 ? ALPHABETIC : IDEOGRAPHIC
}
