import { AppError } from '@lexcustis/core'
import { pause } from './pause.js'
import { Stop } from './stop.js'

/** The chats and the unfinished records of this process, so that a shutdown can end and await them. */
export class RunningChats {
  readonly #stops = new Set<Stop>()
  readonly #tasks = new Set<Promise<unknown>>()
  #isOver = false

  get count(): number {
    return this.#stops.size
  }

  /** The switch of a new chat. Throws UNAVAILABLE after `stopAll`. */
  begin(): Stop {
    if (this.#isOver) {
      const options = { retryAfterMs: 1_000 }
      throw new AppError('UNAVAILABLE', 'the gateway is shutting down; please ask again', options)
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

  /** Ends every chat with the outcome `shutdown`, and lets no other begin. */
  stopAll(): void {
    this.#isOver = true
    for (const stop of this.#stops) stop.now('shutdown')
  }

  /** Resolves once nothing runs and nothing is left to record, after `ms` at the latest. */
  async settled(ms: number): Promise<void> {
    const until = performance.now() + ms
    while (this.#stops.size + this.#tasks.size > 0 && performance.now() < until) await pause(10)
  }
}
