/** Parameters of BM25 as Lucene and most others set them (Robertson and Zaragoza 2009, section 3.3). */
const K1 = 1.2
const B = 0.75

/** How often each of the query's terms occurs in a text, and how many terms the text has. */
export interface TermCount {
  readonly counts: ReadonlyMap<string, number>
  readonly length: number
}

/** Counts what `each` produces, as far as it is among `wanted`. */
export function countTerms(
  wanted: ReadonlySet<string>,
  each: (use: (term: string) => void) => void,
): TermCount {
  const counts = new Map<string, number>()
  let length = 0
  each((term) => {
    length++
    if (wanted.has(term)) counts.set(term, (counts.get(term) ?? 0) + 1)
  })
  return { counts, length }
}

/** BM25 of each text for all wanted terms, with document frequencies of these texts alone. */
export function scoreBm25(texts: readonly TermCount[]): number[] {
  const frequency = new Map<string, number>()
  let total = 0
  for (const { counts, length } of texts) {
    total += length
    for (const term of counts.keys()) frequency.set(term, (frequency.get(term) ?? 0) + 1)
  }
  const average = total / Math.max(1, texts.length)
  return texts.map(({ counts, length }) => {
    const norm = K1 * (1 - B + (B * length) / Math.max(1, average))
    let score = 0
    for (const [term, count] of counts) {
      const df = frequency.get(term) ?? 0
      const idf = Math.log(1 + (texts.length - df + 0.5) / (df + 0.5))
      score += (idf * count * (K1 + 1)) / (count + norm)
    }
    return score
  })
}
