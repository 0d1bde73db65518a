import { setTimeout } from 'node:timers/promises'

export interface IngestWorkerOptions {
  /** Works on what waits; returns how much that was. */
  readonly process: (signal: AbortSignal) => Promise<number>
  /** How often to look for work that another replica left. */
  readonly pollMs: number
  readonly onFault: (error: unknown) => void
}

/** Calls `process` whenever it is woken, and every so often besides, until it is disposed of. */
export class IngestWorker implements AsyncDisposable {
  readonly #options: IngestWorkerOptions
  readonly #stop = new AbortController()
  readonly #loop: Promise<void>
  #sleep = new AbortController()
  #isWoken = false

  constructor(options: IngestWorkerOptions) {
    this.#options = options
    this.#loop = this.#run()
  }

  readonly wake = (): void => {
    this.#isWoken = true
    this.#sleep.abort()
  }

  /** Lets the batch at hand come to its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    this.#sleep.abort()
    await this.#loop
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      this.#isWoken = false
      const taken = await this.#options.process(this.#stop.signal).catch((error: unknown) => {
        this.#options.onFault(error)
        return 0
      })
      if (taken === 0) await this.#rest()
    }
  }

  async #rest(): Promise<void> {
    this.#sleep = new AbortController()
    if (this.#isWoken || this.#stop.signal.aborted) return
    await setTimeout(this.#options.pollMs, undefined, { signal: this.#sleep.signal }).catch(
      () => undefined,
    )
  }
}
