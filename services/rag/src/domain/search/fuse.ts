import type { IndexHit, Place } from '../passage-index.js'

/** From the paper; it keeps the first few ranks of one list from outweighing everything else. */
export const RRF_K = 60

export interface Scored {
  readonly chunkId: string
  readonly score: number
}

/** Greater scores first, equal ones by chunk id. */
export function inOrder<T extends Scored>(found: readonly T[]): T[] {
  return [...found].sort((a, b) => b.score - a.score || (a.chunkId < b.chunkId ? -1 : 1))
}

/** The list of terms alone, when there is no embedding: its scores stay what they are. */
export function unfused(sparse: readonly Scored[], limit: number): IndexHit[] {
  return inOrder(sparse)
    .slice(0, limit)
    .map(({ chunkId, score }, at) => ({
      chunkId,
      score,
      sparse: { rank: at + 1, score },
      dense: undefined,
    }))
}

/**
 * Reciprocal rank fusion: the sum of 1 / (60 + rank) over both lists, each cut to `limit` first
 * (Cormack, Clarke and Büttcher, SIGIR 2009). Only ranks count, so the scores of the two lists need
 * not be comparable. Equal sums by chunk id.
 */
export function fuse(
  sparse: readonly Scored[],
  dense: readonly Scored[],
  limit: number,
): IndexHit[] {
  const bySparse = places(sparse, limit)
  const byDense = places(dense, limit)
  const hits = [...new Set([...bySparse.keys(), ...byDense.keys()])].map((chunkId) => {
    const found = { sparse: bySparse.get(chunkId), dense: byDense.get(chunkId) }
    return { chunkId, score: share(found.sparse) + share(found.dense), ...found }
  })
  return inOrder(hits).slice(0, limit)
}

function places(found: readonly Scored[], limit: number): Map<string, Place> {
  const best = inOrder(found).slice(0, limit)
  return new Map(best.map(({ chunkId, score }, at) => [chunkId, { rank: at + 1, score }]))
}

function share(place: Place | undefined): number {
  return place ? 1 / (RRF_K + place.rank) : 0
}
