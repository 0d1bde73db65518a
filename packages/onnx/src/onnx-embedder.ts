import { AppError } from '@lexcustis/core'
import type { Embedder, Embedding } from './embedder.js'
import { ModelError } from './model-error.js'
import { cancelled, WorkerClient } from './worker-client.js'
import type { OpenedModel, WorkerOptions } from './worker-messages.js'

export interface EmbedderOptions {
  /** With model.onnx (or onnx/model.onnx), tokenizer.json and config.json. */
  readonly modelDirectory: string
  /** Tokens of a text that are read; the model may read fewer. */
  readonly maxTokens?: number
  /** Tokens of one run, padding included: bounds memory, and what a question waits for. */
  readonly batchTokens?: number
  /** Threads of one run; 0 for as many as there are cores. */
  readonly threads?: number
  /** UTF-16 code units of all texts that may wait. */
  readonly maxWaitingLength?: number
}

/** `idle`: loads on first use. `failed`: tried again by the next call after a while. */
export type EmbedderState = 'idle' | 'loading' | 'ready' | 'failed'

// From dist also when this file runs from src: Node cannot start a thread from TypeScript.
const WORKER = new URL('../dist/embed-worker.js', import.meta.url)
const DEFAULTS = { maxTokens: 8_192, batchTokens: 2_048, threads: 0, maxWaitingLength: 8_000_000 }
const RETRY_MS = 1_000
const MAX_RETRY_MS = 60_000

/**
 * Opens a model folder in a worker thread; the model itself is loaded on first use or by `warmUp`.
 * Throws ModelError when the folder cannot be used. `worker` is for tests of crashes.
 */
export async function openEmbedder(
  options: EmbedderOptions,
  worker: URL = WORKER,
): Promise<OnnxEmbedder> {
  const complete = { ...DEFAULTS, ...options }
  const first = new WorkerClient(worker, complete)
  return new OnnxEmbedder(first, await first.opened, complete, worker)
}

/** Embedder on onnxruntime-node. */
export class OnnxEmbedder implements Embedder {
  readonly #opened: OpenedModel
  readonly #options: WorkerOptions & { readonly maxWaitingLength: number }
  readonly #file: URL
  #worker: WorkerClient
  #state: EmbedderState = 'idle'
  #failure: Error | undefined
  #failures = 0
  #retryAt = 0
  #waiting = 0
  #isClosed = false

  constructor(
    worker: WorkerClient,
    opened: OpenedModel,
    options: WorkerOptions & { readonly maxWaitingLength: number },
    file: URL,
  ) {
    this.#worker = worker
    this.#opened = opened
    this.#options = options
    this.#file = file
    this.#watch(worker)
  }

  get model(): string {
    return this.#opened.model
  }

  get dimensions(): number {
    return this.#opened.dimensions
  }

  /** Tokens of a text that are read, start and end included. */
  get maxTokens(): number {
    return this.#opened.maxTokens
  }

  get state(): EmbedderState {
    return this.#state
  }

  /** Why it failed last; its message is for the operator. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /** Loads the model now. Rejects with ModelError, or UNAVAILABLE soon after a failure. */
  async warmUp(): Promise<void> {
    await this.#load(this.#running())
  }

  async embed(texts: readonly string[], signal: AbortSignal): Promise<Embedding[]> {
    if (signal.aborted) throw cancelled(signal)
    if (texts.length === 0) return []
    const length = texts.reduce((sum, text) => sum + text.length, 0)
    this.#checkRoom(length)
    const worker = this.#running()
    // A failure to load shows as the end of the worker, which fails the call.
    this.#load(worker).catch(() => undefined)
    this.#waiting += length
    try {
      const embeddings = await worker.embed(texts, signal)
      this.#failures = 0
      return embeddings
    } finally {
      this.#waiting -= length
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    await this.#worker[Symbol.asyncDispose]()
  }

  #checkRoom(length: number): void {
    const { maxWaitingLength } = this.#options
    if (length > maxWaitingLength) {
      throw new AppError(
        'INVALID_INPUT',
        `texts of one call are longer than ${maxWaitingLength} characters; embed fewer at once`,
      )
    }
    if (this.#waiting + length > maxWaitingLength) {
      throw new AppError('UNAVAILABLE', 'too many texts wait for the embedding model', {
        retryAfterMs: RETRY_MS,
      })
    }
  }

  /** The worker, or another one when it is gone; not at once after each failure. */
  #running(): WorkerClient {
    if (!this.#worker.hasEnded) return this.#worker
    const waitMs = this.#retryAt - Date.now()
    if (this.#isClosed || waitMs > 0) {
      throw new AppError('UNAVAILABLE', 'the embedding model is not available', {
        cause: this.#failure,
        ...(this.#isClosed ? {} : { retryAfterMs: waitMs }),
      })
    }
    this.#worker = new WorkerClient(this.#file, this.#options)
    this.#watch(this.#worker)
    this.#state = 'idle'
    return this.#worker
  }

  async #load(worker: WorkerClient): Promise<void> {
    if (this.#state === 'idle') this.#state = 'loading'
    try {
      await this.#checkSame(worker)
      await worker.load()
      this.#state = 'ready'
      this.#failure = undefined
    } catch (error) {
      this.#state = 'failed'
      this.#failure = error instanceof Error ? error : undefined
      throw error
    }
  }

  /** Another model under this name would make embeddings that are not comparable. */
  async #checkSame(worker: WorkerClient): Promise<void> {
    const { model } = await worker.opened
    if (model === this.model) return
    await worker[Symbol.asyncDispose]()
    throw new ModelError(
      `the files in ${this.#options.modelDirectory} changed while in use; restart the service`,
    )
  }

  #watch(worker: WorkerClient): void {
    void worker.ended.then(() => {
      if (this.#isClosed) return
      this.#state = 'failed'
      this.#failure = worker.failure
      this.#retryAt = Date.now() + Math.min(RETRY_MS * 2 ** this.#failures++, MAX_RETRY_MS)
    })
  }
}
