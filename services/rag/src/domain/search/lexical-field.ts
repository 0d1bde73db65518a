/** Parameters of BM25 as Lucene and most others set them (Robertson and Zaragoza 2009, section 3.3). */
const K1 = 1.2
const B = 0.75

/** How often each of the query's terms occurs in a text, and how many terms the text has. */
export interface TermCount {
  readonly counts: ReadonlyMap<string, number>
  readonly length: number
}

/**
 * Texts as numbers of words, so that what a word means to a query is worked out once: in a hundred
 * passages most words are repeated.
 */
export interface NumberedTexts {
  /** Each word once; its number is its place. */
  readonly words: readonly string[]
  readonly texts: readonly (readonly number[])[]
}

export function numberWords(texts: readonly (readonly string[])[]): NumberedTexts {
  const numbers = new Map<string, number>()
  const numberOf = (word: string): number => {
    const known = numbers.get(word)
    if (known !== undefined) return known
    numbers.set(word, numbers.size)
    return numbers.size - 1
  }
  const numbered = texts.map((words) => words.map(numberOf))
  return { words: [...numbers.keys()], texts: numbered }
}

/** Counts those terms of the texts that the query has too. */
export function countTerms(
  query: readonly string[],
  { words, texts }: NumberedTexts,
  termsOf: (word: string) => readonly string[],
): TermCount[] {
  const wanted = new Set(query.flatMap(termsOf))
  const lengths = new Uint32Array(words.length)
  const found = words.map((word, number) => {
    const terms = termsOf(word)
    lengths[number] = terms.length
    return terms.some((term) => wanted.has(term)) ? terms.filter((term) => wanted.has(term)) : NONE
  })
  return texts.map((numbers) => {
    const counts = new Map<string, number>()
    let length = 0
    for (const number of numbers) {
      length += lengths[number] ?? 0
      for (const term of found[number] ?? NONE) counts.set(term, (counts.get(term) ?? 0) + 1)
    }
    return { counts, length }
  })
}

/** Most words have no term of the query. */
const NONE: readonly string[] = []

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
