const K1 = 1.2
const B = 0.75

const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []

/** Textbook BM25 over lower-case words, nothing folded and nothing added: what to be better than. */
export class PlainBm25 {
  readonly #postings = new Map<string, [text: number, count: number][]>()
  readonly #lengths: readonly number[]
  readonly #average: number

  constructor(texts: readonly string[]) {
    this.#lengths = texts.map((text, at) => {
      const words = wordsOf(text)
      const counts = new Map<string, number>()
      for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
      for (const [word, count] of counts) {
        const postings = this.#postings.get(word) ?? []
        postings.push([at, count])
        this.#postings.set(word, postings)
      }
      return words.length
    })
    this.#average = this.#lengths.reduce((sum, length) => sum + length, 0) / texts.length
  }

  /** Positions of the texts that share a word with the query, best first. */
  search(query: string): number[] {
    const scores = new Map<number, number>()
    for (const word of new Set(wordsOf(query))) {
      const postings = this.#postings.get(word) ?? []
      const idf = Math.log(
        1 + (this.#lengths.length - postings.length + 0.5) / (postings.length + 0.5),
      )
      for (const [at, count] of postings) {
        const norm = K1 * (1 - B + (B * (this.#lengths[at] ?? 0)) / this.#average)
        scores.set(at, (scores.get(at) ?? 0) + (idf * count * (K1 + 1)) / (count + norm))
      }
    }
    return [...scores].sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(([at]) => at)
  }
}
