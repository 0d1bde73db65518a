import { batchesOf } from './batches.js'
import type { Embedding } from './embedder.js'

export interface Job {
  readonly id: number
  readonly sequences: readonly (readonly number[])[]
  readonly embeddings: Embedding[]
  /** Indices into `sequences`, still to be run. */
  readonly batches: number[][]
}

/** Calls being worked on, a batch at a time: a question never waits for all of a long document. */
export class JobQueue {
  readonly #jobs = new Map<number, Job>()

  add(id: number, sequences: Job['sequences'], batchTokens: number): void {
    const lengths = sequences.map(({ length }) => length)
    const batches = batchesOf(lengths, batchTokens)
    this.#jobs.set(id, { id, sequences, embeddings: [], batches })
  }

  remove(id: number): void {
    this.#jobs.delete(id)
  }

  /** The job with the fewest batches to go; the older of two. */
  next(): Job | undefined {
    let next: Job | undefined
    for (const job of this.#jobs.values()) {
      if (!next || job.batches.length < next.batches.length) next = job
    }
    return next
  }
}
