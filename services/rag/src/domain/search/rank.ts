import type { StoredPassage } from '../document.js'
import type { Place } from '../passage-index.js'
import { RRF_K } from './fuse.js'
import { gramsOf, indexTerms, searchableText, wordsOf } from '../terms.js'
import { countTerms, numberWords, scoreBm25 } from './lexical-field.js'

export type Source = 'organization' | 'shared'

/** A passage that the index of one source found. */
export interface Candidate {
  readonly source: Source
  readonly passage: StoredPassage
  /** BM25 within its source; not comparable with another's. */
  readonly indexScore: number
  /** Its place among the passages found by their terms, and by their meaning. */
  readonly sparse: Place | undefined
  readonly dense: Place | undefined
}

export interface Ranked extends Candidate {
  readonly score: number
}

/** Weight of four-letter pieces beside whole words and beginnings; measured by `npm run bench:retrieval`. */
const GRAM_WEIGHT = 0.7
/** How many of a source's best passages say how its scores compare. */
const SCALE_SAMPLE = 3

/**
 * Puts the candidates of all sources in one order.
 *
 * Within a source the order is that of the index, refined by four-letter pieces of words, which find
 * inflected and compounded forms. Scores of two sources are made comparable by scoring the best of
 * each once more, together: BM25 depends on how rare a term is, and a term is never rare in a
 * collection of three passages. Equal scores: own documents first, then by document and position.
 */
export function rank(query: readonly string[], candidates: readonly Candidate[]): Ranked[] {
  const texts = numberWords(candidates.map(({ passage }) => wordsOf(searchableText(passage))))
  const grams = scoreBm25(countTerms(query, texts, gramsOf))
  const pooled = scoreBm25(countTerms(query, texts, (word) => indexTerms([word])))
  const own = candidates.map(({ indexScore }, i) => indexScore + GRAM_WEIGHT * (grams[i] ?? 0))
  const common = candidates.map((_, i) => (pooled[i] ?? 0) + GRAM_WEIGHT * (grams[i] ?? 0))
  const scales = {
    organization: scaleOf('organization', candidates, own, common),
    shared: scaleOf('shared', candidates, own, common),
  }
  const byTerms = candidates.map((candidate, i) => ({
    ...candidate,
    score: (own[i] ?? 0) * scales[candidate.source],
  }))
  byTerms.sort(byScore)
  return candidates.some(({ dense }) => dense) ? fuseWithMeaning(byTerms) : byTerms
}

/**
 * Reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009) of the order by terms and the one
 * by meaning. Cosine similarities of both sources come from one model, so they are compared as they are.
 */
function fuseWithMeaning(byTerms: readonly Ranked[]): Ranked[] {
  const meaning = byTerms
    .filter(({ dense }) => dense)
    .sort((a, b) => (b.dense?.score ?? 0) - (a.dense?.score ?? 0))
  const meaningRank = new Map(meaning.map(({ passage }, at) => [passage, at + 1]))
  const share = (rank: number | undefined) => (rank === undefined ? 0 : 1 / (RRF_K + rank))
  return byTerms
    .map((ranked, at) => ({
      ...ranked,
      score: share(ranked.score > 0 ? at + 1 : undefined) + share(meaningRank.get(ranked.passage)),
    }))
    .sort(byScore)
}

/** Common scores of a source's best passages, relative to their own. */
function scaleOf(
  source: Source,
  candidates: readonly Candidate[],
  own: readonly number[],
  common: readonly number[],
): number {
  const best = candidates
    .flatMap((candidate, i) => (candidate.source === source ? [i] : []))
    .sort((a, b) => (own[b] ?? 0) - (own[a] ?? 0))
    .slice(0, SCALE_SAMPLE)
  const sum = (scores: readonly number[]) => best.reduce((total, i) => total + (scores[i] ?? 0), 0)
  const total = sum(own)
  return total > 0 ? sum(common) / total : 1
}

function byScore(a: Ranked, b: Ranked): number {
  if (a.score !== b.score) return b.score - a.score
  if (a.source !== b.source) return a.source === 'organization' ? -1 : 1
  if (a.passage.documentId !== b.passage.documentId) {
    return a.passage.documentId < b.passage.documentId ? -1 : 1
  }
  return a.passage.ordinal - b.passage.ordinal
}
