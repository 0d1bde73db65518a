import type { SparseWeights } from '../domain/embedder.js'

/** Parameters of BM25 as Lucene and most others set them (Robertson and Zaragoza 2009, section 3.3). */
const K1 = 1.2
const B = 0.75
/**
 * What counts as the length of an ordinary passage, in terms. A vector is weighted when it is written,
 * so the average cannot move with the collection; decision 19 says what that changes.
 */
export const ORDINARY_LENGTH = 400

/**
 * The part of BM25 that a passage knows of itself: saturated counts, by index of the term. Qdrant
 * multiplies each by the rarity of its term (modifier `idf`, ln(1 + (N - n + 0.5) / (n + 0.5))) and
 * adds them up: the score is BM25.
 */
export function passageWeights(terms: readonly string[]): SparseWeights {
  const norm = K1 * (1 - B + (B * terms.length) / ORDINARY_LENGTH)
  return weigh(terms, (count) => (count * (K1 + 1)) / (count + norm))
}

/** A term counts as often as the question has it. */
export function questionWeights(terms: readonly string[]): SparseWeights {
  return weigh(terms, (count) => count)
}

function weigh(terms: readonly string[], weightOf: (count: number) => number): SparseWeights {
  const counts = new Map<number, number>()
  for (const term of terms) {
    const index = termIndex(term)
    counts.set(index, (counts.get(index) ?? 0) + 1)
  }
  const sorted = [...counts].sort(([a], [b]) => a - b)
  return {
    indices: sorted.map(([index]) => index),
    values: sorted.map(([, count]) => weightOf(count)),
  }
}

const FNV_OFFSET = 0x811c9dc5
const FNV_PRIME = 0x01000193

/**
 * FNV-1a, 32 bits, of the UTF-8 bytes (draft-eastlake-fnv, section 2): the same in every process and
 * version, for it is stored. Two terms of one index count as one; among n terms about n² / 2³³ pairs do.
 */
export function termIndex(term: string): number {
  let hash = FNV_OFFSET
  for (const byte of Buffer.from(term, 'utf8')) hash = Math.imul(hash ^ byte, FNV_PRIME)
  return hash >>> 0
}
