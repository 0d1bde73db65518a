export interface Sparse {
  readonly indices: number[]
  readonly values: number[]
}

/** Qdrant documents this form of BM25's: always above zero. */
export function idf(points: number, withTerm: number): number {
  return Math.log(1 + (points - withTerm + 0.5) / (withTerm + 0.5))
}

/** Undefined without a common index: such a point is not found. */
export function sparseDot(a: Sparse, b: Sparse): number | undefined {
  const values = new Map(b.indices.map((index, at) => [index, b.values[at] ?? 0]))
  const common = a.indices.flatMap((index, at) => {
    const value = values.get(index)
    return value === undefined ? [] : [value * (a.values[at] ?? 0)]
  })
  return common.length === 0 ? undefined : common.reduce((sum, product) => sum + product, 0)
}

export function normalised(vector: readonly number[]): number[] {
  const length = Math.hypot(...vector)
  return vector.map((value) => Math.fround(length === 0 ? value : value / length))
}

/** Of vectors of length one. */
export function cosine(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0)
}

/** 1 / (k + position), positions from 0, summed over the lists; by id. */
export function rrf(lists: readonly (readonly string[])[], k: number): [string, number][] {
  const scores = new Map<string, number>()
  for (const list of lists) {
    list.forEach((id, at) => scores.set(id, (scores.get(id) ?? 0) + 1 / (k + at)))
  }
  return [...scores]
}
