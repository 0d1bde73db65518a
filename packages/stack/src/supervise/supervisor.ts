import type { StackFailure } from '../failure.js'
import { Keeper } from './keeper.js'
import type { Part } from './part.js'
import { RunRecord } from './run-record.js'

export interface SupervisorOptions {
  /** Names in groups: groups stop one after the other, the parts of a group together. */
  readonly stopOrder: readonly (readonly string[])[]
  readonly say: (line: string) => void
  /** File that names the running processes. */
  readonly runRecord: string
}

/** Runs parts, starts again what dies, and stops them in their order. */
export class Supervisor {
  readonly #keepers = new Map<string, Keeper>()
  readonly #options: SupervisorOptions
  readonly #record: RunRecord
  readonly #giveUp: (failure: StackFailure) => void
  /** Settles when something does not stay up; then everything has to stop. */
  readonly failed: Promise<StackFailure>
  #isStopping = false

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.#record = new RunRecord(options.runRecord)
    let giveUp: ((failure: StackFailure) => void) | undefined
    this.failed = new Promise((resolve) => {
      giveUp = resolve
    })
    this.#giveUp = (failure) => giveUp?.(failure)
  }

  async start(part: Part): Promise<void> {
    if (this.#isStopping) throw new Error(`${part.name} is not started: everything is stopping`)
    const keeper = new Keeper(part, {
      say: this.#options.say,
      giveUp: this.#giveUp,
      started: (name, { pid }) => this.#record.add(name, pid),
    })
    this.#keepers.set(part.name, keeper)
    await keeper.start()
  }

  /** Of the process that runs under this name now; 0 when none does. */
  pid(name: string): number {
    return this.#keepers.get(name)?.pid ?? 0
  }

  /** Orderly. Parts that were never started do not count. */
  async stop(): Promise<void> {
    this.#isStopping = true
    for (const group of this.#options.stopOrder) {
      await Promise.all(group.map(async (name) => this.#keepers.get(name)?.stop()))
    }
    await this.#record.clear()
  }

  /** All at once, losing nothing that was acknowledged. */
  async kill(): Promise<void> {
    this.#isStopping = true
    await Promise.all([...this.#keepers.values()].map(async (keeper) => keeper.kill()))
    await this.#record.clear()
  }
}
