const EVERY_MS = 50

/**
 * Watches the memory of the process, because what is outside the heap of a thread (unpacked bytes) has
 * no limit of its own. `signal` fires when the process has grown by more than `maxBytes`.
 */
export class MemoryWatch implements Disposable {
  readonly #exceeded = new AbortController()
  readonly #timer: NodeJS.Timeout

  constructor(maxBytes: number) {
    const before = process.memoryUsage.rss()
    this.#timer = setInterval(() => {
      if (process.memoryUsage.rss() - before > maxBytes) this.#exceeded.abort()
    }, EVERY_MS)
    this.#timer.unref()
  }

  get signal(): AbortSignal {
    return this.#exceeded.signal
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }
}
