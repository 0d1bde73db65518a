import { setTimeout } from 'node:timers/promises'

const EVERY_MS = 50
/** How long the memory of a thread that was ended takes to come back. */
const RETURN_MS = 3_000

/**
 * Watches the memory of the process, because what is outside the heap of a thread (unpacked bytes) has
 * no limit of its own. `signal` fires when it has grown by more than `maxBytes`.
 */
export class MemoryWatch implements Disposable {
  readonly #maxBytes: number
  readonly #exceeded = new AbortController()
  readonly #timer: NodeJS.Timeout
  #highest: number

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
    const before = process.memoryUsage.rss()
    this.#highest = before
    this.#timer = setInterval(() => {
      this.#highest = Math.max(this.#highest, process.memoryUsage.rss())
      if (this.#highest - before > maxBytes) this.#exceeded.abort()
    }, EVERY_MS)
    this.#timer.unref()
  }

  get signal(): AbortSignal {
    return this.#exceeded.signal
  }

  /** Whether most of it came back once the thread was ended: then the thread had taken it. */
  async cameBack(): Promise<boolean> {
    for (let waitedMs = 0; waitedMs < RETURN_MS; waitedMs += EVERY_MS) {
      if (this.#highest - process.memoryUsage.rss() > this.#maxBytes / 2) return true
      await setTimeout(EVERY_MS)
    }
    return false
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }
}
