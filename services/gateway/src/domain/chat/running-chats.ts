import { AppError } from '@lexcustis/core'
import { Stop } from './stop.js'

/** The chats and the unfinished records of this process, so that a shutdown can wait for them. */
export class RunningChats {
  readonly #stops = new Set<Stop>()
  readonly #tasks = new Set<Promise<unknown>>()
  #isDraining = false

  get count(): number {
    return this.#stops.size
  }

  /** Throws UNAVAILABLE once draining has begun. */
  begin(): Stop {
    if (this.#isDraining) {
      throw new AppError('UNAVAILABLE', 'the gateway is shutting down; please ask again', {
        retryAfterMs: 1_000,
      })
    }
    const stop = new Stop()
    this.#stops.add(stop)
    return stop
  }

  end(stop: Stop): void {
    this.#stops.delete(stop)
  }

  /** Work that a shutdown has to wait for. */
  keep(task: Promise<unknown>): void {
    this.#tasks.add(task)
    task.catch(() => undefined).finally(() => this.#tasks.delete(task))
  }

  /**
   * No new chats. Running ones may finish within `drainMs`, then they are stopped and get `graceMs`
   * to record their ends and to tell their clients.
   */
  async drain(drainMs: number, graceMs = 1_500): Promise<void> {
    this.#isDraining = true
    await this.#idleWithin(drainMs)
    for (const stop of this.#stops) stop.now('shutdown')
    await this.#idleWithin(graceMs)
  }

  async #idleWithin(ms: number): Promise<void> {
    const until = performance.now() + ms
    while ((this.#stops.size > 0 || this.#tasks.size > 0) && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
}
