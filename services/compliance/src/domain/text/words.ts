import type { Paced } from '../check.js'
import { foldText, type FoldedText, foldWordPoint } from './fold.js'

/** A folded word and where it stands in the original text (UTF-16 offsets). */
export interface Word {
  readonly text: string
  readonly start: number
  readonly end: number
  /** Number of the sentence it belongs to, from 0. */
  readonly sentence: number
}

const SENTENCE_END = /[.!?;:。！？]["'”»)\]]?\s|\n\s*\n/
const WORDS_PER_STEP = 2_048

/** Splits a text into folded words in one pass. */
export function* readWords(original: string): Paced<Word[]> {
  const folded = foldText(original, foldWordPoint, false)
  const { text } = folded
  const words: Word[] = []
  let sentence = 0
  let end = 0
  yield
  for (;;) {
    const start = skip(text, end, false)
    if (start === text.length) return words
    const gap = text.slice(end, start)
    if (gap !== ' ' && SENTENCE_END.test(gap)) sentence += 1
    end = wordEnd(text, start)
    const span = place(folded, start, end)
    words.push({ text: text.slice(start, end), start: span.start, end: span.end, sentence })
    if (words.length % WORDS_PER_STEP === 0) yield
  }
}

/** Where a stretch of a folded text stands in the original. */
export function place(
  folded: FoldedText,
  start: number,
  end: number,
): { start: number; end: number } {
  return { start: folded.startOf(start), end: folded.endOf(end - 1) }
}

/** `@` and `$` between letters or digits belong to the word: they stand for letters in leetspeak. */
function wordEnd(text: string, start: number): number {
  let end = skip(text, start, true)
  while (/^[@$]/.test(text.charAt(end)) && isWordPoint(text.codePointAt(end + 1) ?? 0)) {
    end = skip(text, end + 1, true)
  }
  return end
}

/** The first offset from `at` where being part of a word changes. */
function skip(text: string, at: number, isInWord: boolean): number {
  let next = at
  while (next < text.length) {
    const code = text.codePointAt(next) ?? 0
    if (isWordPoint(code) !== isInWord) return next
    next += code > 0xffff ? 2 : 1
  }
  return next
}

const WORD_POINT = /^[\p{L}\p{N}]$/u
/** Answers for the Basic Multilingual Plane: 0 unknown, 1 no, 2 yes. Asking the pattern each time is slow. */
const known = new Uint8Array(0x1_0000)

/** Letters and digits of every script. */
function isWordPoint(code: number): boolean {
  if (code > 0xffff) return WORD_POINT.test(String.fromCodePoint(code))
  known[code] ||= WORD_POINT.test(String.fromCharCode(code)) ? 2 : 1
  return known[code] === 2
}
