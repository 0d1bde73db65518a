import { Worker } from 'node:worker_threads'
import { AppError } from '@lexcustis/core'
import type { Embedding } from './embedder.js'
import { ModelError } from './model-error.js'
import type { FromWorker, OpenedModel, ToWorker, WorkerOptions } from './worker-messages.js'

interface Pending {
  readonly resolve: (embeddings: Embedding[]) => void
  readonly reject: (error: AppError) => void
}

interface Deferred<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (error: Error) => void
}

/** One worker thread from its start to its end, which fails everything it still had to do. */
export class WorkerClient implements AsyncDisposable {
  readonly #worker: Worker
  readonly #pending = new Map<number, Pending>()
  readonly #opened = deferred<OpenedModel>()
  readonly #loaded = deferred<true>()
  #lastId = 0
  #failure: ModelError | undefined
  #hasEnded = false
  /** Resolves once the thread is gone. */
  readonly ended: Promise<void>

  constructor(file: URL, options: WorkerOptions) {
    this.#worker = new Worker(file, { workerData: options })
    this.#worker.on('message', (message: FromWorker) => this.#receive(message))
    this.#worker.on('error', (error) => {
      this.#failure ??= new ModelError('the thread of the embedding model crashed', {
        cause: error,
      })
    })
    this.ended = new Promise((resolve) =>
      this.#worker.once('exit', () => {
        this.#end()
        resolve()
      }),
    )
  }

  /** Rejects with ModelError when the folder cannot be used. */
  get opened(): Promise<OpenedModel> {
    return this.#opened.promise
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** Why the thread ended. */
  get failure(): ModelError | undefined {
    return this.#failure
  }

  /** Loads the model unless it is. Rejects with ModelError. */
  async load(): Promise<void> {
    this.#send({ kind: 'load' })
    await this.#loaded.promise
  }

  async embed(texts: readonly string[], signal: AbortSignal): Promise<Embedding[]> {
    const id = ++this.#lastId
    const result = new Promise<Embedding[]>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject })
    })
    const cancel = (): void => {
      this.#send({ kind: 'cancel', id })
      this.#settle(id)?.reject(cancelled(signal))
    }
    if (this.#hasEnded) this.#settle(id)?.reject(this.#gone())
    else this.#send({ kind: 'embed', id, texts })
    signal.addEventListener('abort', cancel, { once: true })
    return result.finally(() => signal.removeEventListener('abort', cancel))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#failure ??= new ModelError('the embedding model was closed')
    await this.#worker.terminate()
    await this.ended
  }

  #send(message: ToWorker): void {
    this.#worker.postMessage(message)
  }

  #receive(message: FromWorker): void {
    switch (message.kind) {
      case 'opened':
        this.#opened.resolve(message.opened)
        break
      case 'loaded':
        this.#loaded.resolve(true)
        break
      case 'unusable':
        this.#failure = new ModelError(message.message, { cause: message.cause })
        break
      case 'embedded':
        this.#settle(message.id)?.resolve([...message.embeddings])
        break
      case 'failed':
        this.#settle(message.id)?.reject(
          new AppError('UNAVAILABLE', 'the embedding model failed', { cause: message.cause }),
        )
    }
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    return pending
  }

  #end(): void {
    this.#hasEnded = true
    const failure = this.#failure ?? new ModelError('the thread of the embedding model ended')
    this.#failure = failure
    this.#opened.reject(failure)
    this.#loaded.reject(failure)
    for (const id of [...this.#pending.keys()]) this.#settle(id)?.reject(this.#gone())
  }

  #gone(): AppError {
    return new AppError('UNAVAILABLE', 'the embedding model is not available', {
      cause: this.#failure,
    })
  }
}

export function cancelled(signal: AbortSignal): AppError {
  return new AppError('CANCELLED', 'the caller went away', { cause: signal.reason })
}

function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => undefined
  let reject: (error: Error) => void = () => undefined
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue
    reject = onError
  })
  // Whoever waits gets the error; nobody has to.
  promise.catch(() => undefined)
  return { promise, resolve, reject }
}
