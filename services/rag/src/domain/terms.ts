import { foldText } from './fold.js'

const WORD = /[\p{L}\p{N}]+/gu
/** Scripts written without spaces; a run of them is cut into overlapping pairs. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u
/** Where those scripts lie, and none of the punctuation of others: ranges are found faster than scripts. */
const PERHAPS_UNSPACED = /[\u0e00-\u1fff\u2e80-\uffff]/
const MAX_WORD = 64
const PREFIX = 5
const GRAM = 4

/** Words of a text, folded, in order. Language plays no part. */
export function wordsOf(text: string): string[] {
  const folded = foldText(text)
  const runs = folded.match(WORD) ?? []
  // Asked of the whole text first: most texts have no such script at all.
  if (!PERHAPS_UNSPACED.test(folded)) return runs.map((run) => cut(run, MAX_WORD))
  return runs.flatMap((run) => (UNSPACED.test(run) ? pairsOf(run) : [cut(run, MAX_WORD)]))
}

function pairsOf(run: string): string[] {
  const letters = Array.from(run)
  if (letters.length < 2) return letters
  return letters.slice(1).map((letter, i) => `${letters[i] ?? ''}${letter}`)
}

/** The beginning of a word: endings differ in inflecting languages, beginnings rarely do. */
export function prefixOf(word: string): string {
  return cut(word, PREFIX)
}

function cut(word: string, length: number): string {
  if (word.length <= length) return word
  const isInsidePair = /[\uD800-\uDBFF]/.test(word.charAt(length - 1))
  return word.slice(0, isInsidePair ? length - 1 : length)
}

/** What the index holds of a text: its words, and the beginning of each marked with `^`. */
export function indexTerms(words: readonly string[]): string[] {
  return [...words, ...words.map((word) => `^${prefixOf(word)}`)]
}

/** Every four letters of a word, whose ends are marked with `_`. */
export function gramsOf(word: string): string[] {
  const padded = `_${word}_`
  if (padded.length <= GRAM) return [padded]
  const grams: string[] = []
  for (let at = 0; at + GRAM <= padded.length; at++) grams.push(padded.slice(at, at + GRAM))
  return grams
}

/**
 * The text that a passage is found by: the document's name and the headings above it say what the
 * passage is about, though its own words may not.
 */
export function searchableText(passage: {
  readonly documentName: string
  readonly headingPath: readonly string[]
  readonly text: string
}): string {
  const title = passage.documentName.replace(/\.[a-z0-9]{1,8}$/i, '')
  return [title, ...passage.headingPath, passage.text].join('\n')
}
