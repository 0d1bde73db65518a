import type { Source } from '../completion.js'
import { sentencesOf } from './sentences.js'
import { termsOf } from './terms.js'

export interface Quotation {
  readonly n: number
  readonly sentence: string
}

interface Candidate extends Quotation {
  readonly terms: readonly string[]
  readonly score: number
}

const MAX_QUOTATIONS = 3
/** Below this share of the best one a sentence is about something else. */
const MIN_SHARE_OF_BEST = 0.6
/** The number of a paragraph is not a number it speaks of. */
const ENUMERATOR = /^\(?(?:\d{1,3}|\p{L})[.)]\s/u
/** A heading names the subject and says nothing about it; a row of a table may. */
const UNFINISHED_SHARE = 0.4
const FINISHED = /[.!?;:…]["'”’»)\]]*$/u
/** Two words of the question side by side, as in "two days", are more than the two words. */
const PAIR_BONUS = 1

/**
 * The sentences that share most with the question, best first; none when no sentence shares
 * anything. Rare words count more (inverse frequency over the given sentences), and each counts once.
 * Equal ones keep the order of the sources, which come best first.
 */
export function selectQuotations(question: string, sources: readonly Source[]): Quotation[] {
  const wanted = termsOf(question)
  const sentences = sources.flatMap(({ n, text }) =>
    sentencesOf(text).map((sentence) => ({
      n,
      sentence,
      terms: termsOf(sentence.replace(ENUMERATOR, '')),
    })),
  )
  const weight = weigh(
    wanted,
    sentences.map(({ terms }) => terms),
  )
  const scored = sentences
    .map((candidate): Candidate => ({
      ...candidate,
      score: score(candidate.terms, weight, wanted) * shareOf(candidate.sentence),
    }))
    .filter((candidate) => candidate.score > 0)
    .sort((one, other) => other.score - one.score)
  return distinct(scored).map(({ n, sentence }) => ({ n, sentence }))
}

function weigh(
  wanted: readonly string[],
  sentences: readonly (readonly string[])[],
): ReadonlyMap<string, number> {
  const having = sentences.map((terms) => new Set(terms))
  const frequency = (term: string) => having.filter((terms) => terms.has(term)).length
  return new Map(
    wanted.map((term) => [term, Math.log(1 + (having.length + 1) / (frequency(term) + 0.5))]),
  )
}

function score(
  terms: readonly string[],
  weight: ReadonlyMap<string, number>,
  wanted: readonly string[],
): number {
  const present = new Set(terms)
  let sum = 0
  for (const [term, value] of weight) if (present.has(term)) sum += value
  const pairs = new Set(terms.slice(1).map((term, index) => `${terms[index] ?? ''} ${term}`))
  for (const [index, term] of wanted.slice(1).entries()) {
    const first = wanted[index] ?? ''
    if (pairs.has(`${first} ${term}`)) sum += (weight.get(term) ?? 0) * PAIR_BONUS
  }
  return sum
}

function shareOf(sentence: string): number {
  return FINISHED.test(sentence) ? 1 : UNFINISHED_SHARE
}

/** Overlapping passages hold the same sentence twice. */
function distinct(candidates: readonly Candidate[]): Candidate[] {
  const best = candidates[0]?.score ?? 0
  const seen = new Set<string>()
  const chosen: Candidate[] = []
  for (const candidate of candidates) {
    const key = candidate.terms.join(' ')
    if (candidate.score < best * MIN_SHARE_OF_BEST || seen.has(key)) continue
    seen.add(key)
    chosen.push(candidate)
    if (chosen.length === MAX_QUOTATIONS) break
  }
  return chosen
}
