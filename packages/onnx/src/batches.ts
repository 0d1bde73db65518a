/**
 * Groups texts of similar length, longest first, so that little is padded: no group has more than
 * `budget` tokens, padding included, unless it is a single text. Returns indices into `lengths`.
 */
export function batchesOf(lengths: readonly number[], budget: number): number[][] {
  const order = lengths.map((_, at) => at)
  order.sort((a, b) => (lengths[b] ?? 0) - (lengths[a] ?? 0) || a - b)
  const batches: number[][] = []
  let batch: number[] = []
  for (const at of order) {
    const longest = lengths[batch[0] ?? at] ?? 0
    if (batch.length > 0 && longest * (batch.length + 1) > budget) {
      batches.push(batch)
      batch = []
    }
    batch.push(at)
  }
  if (batch.length > 0) batches.push(batch)
  return batches
}
