import { foldText, type FoldedText, foldWordPoint } from './fold.js'
import type { Paced } from '../check.js'

/** A folded word and where it stands in the original text (UTF-16 offsets). */
export interface Word {
  readonly text: string
  readonly start: number
  readonly end: number
  /** Number of the sentence it belongs to, from 0. */
  readonly sentence: number
}

/** Letters and digits; `@` and `$` inside a word count because they stand for letters in leetspeak. */
const WORD = /[\p{L}\p{N}]+(?:[@$][\p{L}\p{N}]+)*/gu
const SENTENCE_END = /[.!?;:。！？]["'”»)\]]?\s|\n\s*\n/
const WORDS_PER_STEP = 2_048

/** Splits a text into folded words in one pass. */
export function* readWords(original: string): Paced<Word[]> {
  const folded = foldText(original, foldWordPoint, false)
  const words: Word[] = []
  let previousEnd = 0
  let sentence = 0
  yield
  for (const match of folded.text.matchAll(WORD)) {
    if (SENTENCE_END.test(folded.text.slice(previousEnd, match.index))) sentence += 1
    previousEnd = match.index + match[0].length
    words.push({ ...place(folded, match.index, previousEnd), text: match[0], sentence })
    if (words.length % WORDS_PER_STEP === 0) yield
  }
  return words
}

/** Where a stretch of a folded text stands in the original. */
export function place(
  folded: FoldedText,
  start: number,
  end: number,
): { start: number; end: number } {
  return { start: folded.startOf(start), end: folded.endOf(end - 1) }
}
