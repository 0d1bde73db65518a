import { isLowSurrogate, isSpace } from './span.js'
import { unitSize } from './token-estimate.js'

/** Tokens that the embedding model makes of a text. */
export type TokenCounter = (text: string) => number

/** White space costs a model nothing; here a little, so that a bound on tokens bounds characters. */
const SPACE = 2
/** Words repeat, whole sentences do not; a word without an end is counted in parts. */
const MAX_WORD = 64
const MAX_KNOWN_WORDS = 50_000

/**
 * Sizes of all parts of a text, in hundredths of a token (see token-estimate.ts): as `count` counts the
 * words, or estimated without one. Sizes add up, because tokenizers like that of XLM-RoBERTa cut at
 * white space first. Holds four bytes per UTF-16 code unit.
 */
export class TextSizes {
  /** Size of everything before an offset, modulo 2^32: differences are right all the same. */
  readonly #before: Uint32Array

  constructor(text: string, count?: TokenCounter) {
    this.#before = new Uint32Array(text.length + 1)
    if (count) this.#fillCounted(text, count)
    else this.#fillEstimated(text)
  }

  /** Size of the text between two UTF-16 offsets. */
  between(start: number, end: number): number {
    return ((this.#before[end] ?? 0) - (this.#before[start] ?? 0)) >>> 0
  }

  #fillEstimated(text: string): void {
    let size = 0
    for (let at = 0; at < text.length; at++) {
      size += unitSize(text.charCodeAt(at))
      this.#before[at + 1] = size
    }
  }

  #fillCounted(text: string, count: TokenCounter): void {
    const known = new Map<string, number>()
    let size = 0
    for (let from = 0; from < text.length;) {
      const to = wordEnd(text, from)
      if (to === from) {
        this.#before[++from] = size += SPACE
        continue
      }
      const word = text.slice(from, to)
      const wordSize = known.get(word) ?? 100 * count(word)
      if (known.size >= MAX_KNOWN_WORDS) known.clear()
      known.set(word, wordSize)
      for (let at = from + 1; at <= to; at++) {
        this.#before[at] = size + Math.floor((wordSize * (at - from)) / (to - from))
      }
      size += wordSize
      from = to
    }
  }
}

/** The end of the word, or of a part of it, that begins here; `from` itself at white space. */
function wordEnd(text: string, from: number): number {
  const limit = Math.min(from + MAX_WORD, text.length)
  let to = from
  while (to < limit && !isSpace(text.charCodeAt(to))) to++
  return to < text.length && to - from > 1 && isLowSurrogate(text.charCodeAt(to)) ? to - 1 : to
}
