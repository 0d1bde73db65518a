import { setTimeout as pause } from 'node:timers/promises'
import { AppError, type Clock } from '@lexcustis/core'
import type { CheckpointStore, OrganizationLog } from '../checkpoint-store.js'
import { DivergedError } from './divergence.js'
import { heartbeatDueMicros, heartbeatInput } from './heartbeat.js'
import type { AppendInput } from '../draft.js'
import type { LogGuard } from './log-guard.js'
import type { LogHead, TreeStore } from './ports.js'
import { signLog, type SignDeps, type Signed } from './sign-log.js'

export interface SignerDeps extends Omit<SignDeps, 'trees' | 'store'> {
  readonly trees: Pick<TreeStore, 'exclusively' | 'heads' | 'head'>
  readonly store: CheckpointStore
  readonly guard: LogGuard
  readonly clock: Clock
  /** Appends one of this service's own records. */
  readonly append: (organizationId: string, input: AppendInput) => Promise<unknown>
  readonly announce: (organizationId: string, attrs: object) => Promise<void>
  /** Told of every new checkpoint, once it is durable. */
  readonly onSigned?: (log: OrganizationLog, size: bigint) => void
  readonly onFailed?: (organizationId: string, error: unknown) => void
}

const AT_ONCE = 4
const HEADS_PAGE = 500
const FIRST_ORGANIZATION = '00000000-0000-0000-0000-000000000000'
const BUSY_MS = 100

/**
 * Signs what is appended. Each replica signs what it wrote itself; what a replica wrote that is gone
 * now, another one finds in its sweep.
 */
export class Signer {
  /** Logs with records that are not signed yet, as far as this process knows. */
  readonly #waiting = new Map<string, OrganizationLog>()
  readonly #running = new Map<string, Promise<Signed | undefined>>()

  constructor(private readonly deps: SignerDeps) {}

  /** A record became durable. */
  appended(log: OrganizationLog, sequence: bigint): void {
    this.deps.guard.appended(log, sequence)
    if (this.deps.guard.checkpointSize(log) <= sequence) this.#waiting.set(nameOf(log), log)
  }

  /** Signs everything that waits. Failures are reported, and tried again the next time. */
  async signWaiting(): Promise<void> {
    const logs = [...this.#waiting.values()]
    await inParallel(logs, async (log) => {
      this.#waiting.delete(nameOf(log))
      try {
        const signed = await this.sign(log)
        if (!signed || signed.hasMore) this.#waiting.set(nameOf(log), log)
      } catch (error) {
        // A log that differs is read-only, and a sweep finds what comes after it.
        if (!(error instanceof DivergedError)) this.#waiting.set(nameOf(log), log)
        this.#failed(log, error)
      }
    })
  }

  /**
   * Looks at every organisation: signs what nobody signed, and lets logs that were silent for an hour
   * say so. Returns the heads it saw.
   */
  async sweep(): Promise<readonly LogHead[]> {
    const all: LogHead[] = []
    for (let after = FIRST_ORGANIZATION; ;) {
      const heads = await this.deps.trees.heads(after, HEADS_PAGE)
      all.push(...heads)
      for (const head of heads) this.appended(head, head.sequence)
      await inParallel(heads, async (head) => this.#beat(head))
      const last = heads.at(-1)
      if (!last || heads.length < HEADS_PAGE) return all
      after = last.organizationId
    }
  }

  /** Signs one log now. Undefined when another replica is at it. Throws DivergedError. */
  async sign(log: OrganizationLog): Promise<Signed | undefined> {
    const name = nameOf(log)
    const running = this.#running.get(name) ?? this.#sign(log)
    this.#running.set(name, running)
    try {
      return await running
    } finally {
      if (this.#running.get(name) === running) this.#running.delete(name)
    }
  }

  /**
   * Resolves with the size of a checkpoint that covers the record. Throws UNAVAILABLE when there is
   * none in time, or when the log differs from what was signed.
   */
  async covering(
    log: OrganizationLog,
    sequence: bigint,
    { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<bigint> {
    const giveUpAt = performance.now() + timeoutMs
    for (;;) {
      signal?.throwIfAborted()
      const signed = await this.sign(log).catch((error: unknown) => {
        this.#failed(log, error)
        throw new AppError('UNAVAILABLE', 'no checkpoint can be signed now', { cause: error })
      })
      if (signed && signed.size > sequence) return signed.size
      if (performance.now() > giveUpAt) {
        throw new AppError('UNAVAILABLE', 'there is no checkpoint of this record yet', {
          retryAfterMs: 1_000,
        })
      }
      if (!signed) await pause(BUSY_MS)
    }
  }

  async #sign(log: OrganizationLog): Promise<Signed | undefined> {
    const signed = await signLog(this.deps, log)
    if (!signed) return undefined
    const before = this.deps.guard.checkpointSize(log)
    if (signed.size > 0n) this.deps.guard.signed(log, signed.size)
    if (signed.size > before) this.deps.onSigned?.(log, signed.size)
    if (!signed.announce) return signed
    await this.deps.announce(log.organizationId, signed.announce)
    return { ...signed, hasMore: true }
  }

  async #beat(head: LogHead): Promise<void> {
    if (heartbeatDueMicros(head) > this.deps.clock.nowMicros()) return
    try {
      await this.deps.append(head.organizationId, heartbeatInput(head))
    } catch (error) {
      this.#failed(head, error)
    }
  }

  #failed({ organizationId }: OrganizationLog, error: unknown): void {
    if (error instanceof DivergedError) this.deps.guard.diverged(organizationId, error.divergence)
    else this.deps.onFailed?.(organizationId, error)
  }
}

function nameOf({ organizationId, incarnation }: OrganizationLog): string {
  return `${organizationId}/${incarnation}`
}

async function inParallel<T>(items: readonly T[], use: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items]
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await use(item)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}
