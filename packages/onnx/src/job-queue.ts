import { batchesOf } from './batches.js'
import type { Embedding } from './embedder.js'

/** A call being worked on, in steps: first its texts are tokenized, then its batches are run. */
export class Job {
  readonly id: number
  readonly embeddings: Embedding[] = []
  readonly #texts: readonly string[]
  readonly #sequences: (readonly number[])[] = []
  #batches: number[][] | undefined
  #remaining: number

  constructor(id: number, texts: readonly string[]) {
    this.id = id
    this.#texts = texts
    this.#remaining = texts.reduce((sum, text) => sum + text.length, texts.length)
  }

  /** UTF-16 code units, and one for each text, that are not embedded yet. */
  get remaining(): number {
    return this.#remaining
  }

  get isTokenized(): boolean {
    return this.#sequences.length === this.#texts.length
  }

  get isDone(): boolean {
    return this.isTokenized && this.#batches?.length === 0
  }

  /** Tokenizes the next few texts. */
  tokenize(encode: (text: string) => readonly number[], count: number, batchTokens: number): void {
    const from = this.#sequences.length
    for (const text of this.#texts.slice(from, from + count)) this.#sequences.push(encode(text))
    if (!this.isTokenized) return
    const lengths = this.#sequences.map(({ length }) => length)
    this.#batches = batchesOf(lengths, batchTokens)
  }

  /** Runs the next batch. */
  async embed(
    run: (sequences: readonly (readonly number[])[]) => Promise<readonly Embedding[]>,
  ): Promise<void> {
    const batch = this.#batches?.shift() ?? []
    const embeddings = await run(batch.map((at) => this.#sequences[at] ?? []))
    for (const [i, embedding] of embeddings.entries()) {
      const at = batch[i] ?? 0
      this.embeddings[at] = embedding
      this.#remaining -= (this.#texts[at]?.length ?? 0) + 1
    }
  }
}

/** Calls being worked on: a question never waits for all of a long document. */
export class JobQueue {
  readonly #jobs = new Map<number, Job>()

  add(job: Job): void {
    this.#jobs.set(job.id, job)
  }

  remove(id: number): void {
    this.#jobs.delete(id)
  }

  /** The job with the least to do; the older of two. */
  next(): Job | undefined {
    let next: Job | undefined
    for (const job of this.#jobs.values()) {
      if (!next || job.remaining < next.remaining) next = job
    }
    return next
  }
}
