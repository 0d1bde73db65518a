import type { Paced } from '../check.js'
import type { Word } from '../text/words.js'
import { type Lexicon, matchesTerm, type Phrase } from './lexicon.js'

/** Where a meaning occurs: indexes of its first and last word, ascending. */
export interface Occurrence {
  readonly first: number
  readonly last: number
}

/** What the words of a text mean. */
export interface MeaningMap<C extends string> {
  readonly words: readonly Word[]
  of(meaning: C): readonly Occurrence[]
}

/** Other spellings under which a word is looked up too; empty for almost every word. */
export type Spellings = (word: string) => readonly string[]

const WORDS_PER_STEP = 1_024

/** Looks every word up once. */
export function* readMeanings<C extends string>(
  words: readonly Word[],
  lexicon: Lexicon<C>,
  spellings: Spellings = () => [],
): Paced<MeaningMap<C>> {
  const map = new Map<C, Occurrence[]>()
  const note = (meaning: C, first: number, last: number) => {
    const occurrences = map.get(meaning)
    if (!occurrences) map.set(meaning, [{ first, last }])
    else if (occurrences.at(-1)?.first !== first) occurrences.push({ first, last })
  }
  const lookUp = (spelling: string, at: number) => {
    for (const meaning of lexicon.meaningsOf(spelling)) note(meaning, at, at)
    for (const phrase of lexicon.phrasesFrom(spelling)) {
      if (continues(words, at, phrase)) note(phrase.meaning, at, at + phrase.rest.length)
    }
  }
  for (const [at, { text }] of words.entries()) {
    if (at % WORDS_PER_STEP === 0) yield
    lookUp(text, at)
    for (const spelling of spellings(text)) lookUp(spelling, at)
  }
  return { words, of: (meaning) => map.get(meaning) ?? [] }
}

function continues(words: readonly Word[], at: number, phrase: Phrase<string>): boolean {
  return phrase.rest.every((term, offset) => matchesTerm(words[at + 1 + offset]?.text, term))
}

/** Consecutive meanings with at most `gap` other words between them. */
export interface Pattern<C extends string> {
  readonly steps: readonly (C | readonly C[])[]
  readonly gap: number
  /** Steps may be in different sentences. */
  readonly acrossSentences?: boolean
}

/** The first place where a pattern holds, or undefined. O(occurrences × steps × log). */
export function findPattern<C extends string>(
  text: MeaningMap<C>,
  pattern: Pattern<C>,
): Occurrence | undefined {
  for (const place of findPatterns(text, pattern)) return place
  return undefined
}

/** Every place where a pattern holds, one per occurrence of its first step. */
export function* findPatterns<C extends string>(
  text: MeaningMap<C>,
  pattern: Pattern<C>,
): Generator<Occurrence, void, undefined> {
  const lists = pattern.steps.map((step) => occurrencesOf(text, step))
  const [heads = [], ...tails] = lists
  if (tails.some((tail) => tail.length === 0)) return
  for (const head of heads) {
    let last = head.last
    const isComplete = tails.every((tail) => {
      const next = firstAfter(tail, last)
      if (!next || next.first - last - 1 > pattern.gap) return false
      if (!pattern.acrossSentences && !isSameSentence(text.words, head.first, next.last))
        return false
      last = next.last
      return true
    })
    if (isComplete) yield { first: head.first, last }
  }
}

function occurrencesOf<C extends string>(
  text: MeaningMap<C>,
  step: C | readonly C[],
): readonly Occurrence[] {
  if (typeof step === 'string') return text.of(step)
  return step.flatMap((meaning) => text.of(meaning)).sort((a, b) => a.first - b.first)
}

function isSameSentence(words: readonly Word[], first: number, last: number): boolean {
  return words[first]?.sentence === words[last]?.sentence
}

/** The first occurrence that begins after a word; by bisection. */
export function firstAfter(
  occurrences: readonly Occurrence[],
  word: number,
): Occurrence | undefined {
  let low = 0
  let high = occurrences.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((occurrences[middle]?.first ?? 0) > word) high = middle
    else low = middle + 1
  }
  return occurrences[low]
}
