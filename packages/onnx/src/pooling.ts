import type { SparseWeights } from './embedder.js'
import { ModelError } from './model-error.js'

/** Scaled to length one (L2). Throws ModelError when there is no direction: zeros, or no numbers. */
export function normalized(vector: Float32Array): Float32Array {
  let sum = 0
  for (const value of vector) sum += value * value
  const length = Math.sqrt(sum)
  if (!Number.isFinite(length) || length === 0) {
    throw new ModelError('the model answered with a vector that has no direction')
  }
  return vector.map((value) => value / length)
}

/**
 * Weight of each token id: the largest among its places in the text, negative ones and tokens that stand
 * for no text left out (BGE-M3, arXiv 2402.03216, section 3.2).
 */
export function weightsByToken(
  ids: readonly number[],
  weights: ArrayLike<number>,
  ignored: ReadonlySet<number>,
): SparseWeights {
  const largest = new Map<number, number>()
  for (const [at, id] of ids.entries()) {
    const weight = weights[at] ?? 0
    if (!ignored.has(id) && weight > (largest.get(id) ?? 0)) largest.set(id, weight)
  }
  return ascending(largest)
}

/** The same from an output that has a place for every entry of the vocabulary. */
export function weightsOfVocabulary(
  weights: ArrayLike<number>,
  ignored: ReadonlySet<number>,
): SparseWeights {
  const found = new Map<number, number>()
  for (let id = 0; id < weights.length; id++) {
    const weight = weights[id] ?? 0
    if (weight > 0 && !ignored.has(id)) found.set(id, weight)
  }
  return ascending(found)
}

function ascending(weights: ReadonlyMap<number, number>): SparseWeights {
  const sorted = [...weights].sort(([a], [b]) => a - b)
  return { indices: sorted.map(([id]) => id), values: sorted.map(([, weight]) => weight) }
}
