import { AppError, mib } from '@lexcustis/core'
import type { WriteBatch } from './batch-writer.js'
import { type Draft, isEnd } from './draft.js'
import type { Appended, Outcome } from './outcome.js'

export interface QueueLimits {
  /** Of one flush. */
  readonly maxRows: number
  readonly maxBytes: number
  /** Organisations written to at the same time. */
  readonly maxConcurrent: number
  /** Of everything that waits. */
  readonly maxWaiting: number
  readonly maxWaitingBytes: number
  readonly maxWaitingPerOrganization: number
}

export const QUEUE_LIMITS: QueueLimits = {
  maxRows: 256,
  maxBytes: mib(1),
  maxConcurrent: 8,
  maxWaiting: 8_192,
  maxWaitingBytes: mib(64),
  maxWaitingPerOrganization: 4_096,
}

interface Item {
  readonly draft: Draft
  readonly signal: AbortSignal | undefined
  readonly resolve: (appended: Appended) => void
  readonly reject: (error: unknown) => void
}

/** One organisation's records in the order they came. */
interface Lane {
  readonly items: Item[]
  isRunning: boolean
}

const RETRY_AFTER_MS = 500
const ANSWERS_PER_TURN = 16

/**
 * Collects what is to be appended. Whatever waits for an organisation goes into its next flush; there
 * is no timer, so on an idle system a record is written at once. Organisations take turns.
 */
export class AppendQueue {
  readonly #lanes = new Map<string, Lane>()
  /** Organisations with something to write whose turn has not come. */
  readonly #ready: string[] = []
  #running = 0
  #waiting = 0
  #waitingBytes = 0
  #isClosed = false
  #idle: (() => void) | undefined

  constructor(
    private readonly write: WriteBatch,
    private readonly limits: QueueLimits = QUEUE_LIMITS,
    private readonly onFlush: (rows: number) => void = () => undefined,
  ) {}

  /** Records that wait and are not being written yet. */
  get waiting(): number {
    return this.#waiting
  }

  /**
   * Resolves once the record is durable. UNAVAILABLE when too much waits; CANCELLED when `signal`
   * fires before its turn came, and then it is not written.
   */
  async append(draft: Draft, signal?: AbortSignal): Promise<Appended> {
    this.#assertRoom(draft)
    return new Promise((resolve, reject) => {
      const lane = this.#laneOf(draft.organizationId)
      lane.items.push({ draft, signal, resolve, reject })
      this.#waiting += 1
      this.#waitingBytes += draft.sizeBytes
      if (lane.items.length === 1 && !lane.isRunning) this.#ready.push(draft.organizationId)
      this.#pump()
    })
  }

  /** Takes nothing more and resolves once everything that waits is written. */
  async close(): Promise<void> {
    this.#isClosed = true
    if (this.#lanes.size === 0) return
    await new Promise<void>((resolve) => {
      this.#idle = resolve
    })
  }

  #assertRoom({ organizationId, sizeBytes }: Draft): void {
    const { limits } = this
    const ofOrganization = this.#lanes.get(organizationId)?.items.length ?? 0
    const isFull =
      this.#waiting >= limits.maxWaiting ||
      this.#waitingBytes + sizeBytes > limits.maxWaitingBytes ||
      ofOrganization >= limits.maxWaitingPerOrganization
    if (!isFull && !this.#isClosed) return
    const message = this.#isClosed ? 'the log is closing' : 'too many records wait to be written'
    throw new AppError('UNAVAILABLE', message, { retryAfterMs: RETRY_AFTER_MS })
  }

  #laneOf(organizationId: string): Lane {
    const known = this.#lanes.get(organizationId)
    if (known) return known
    const lane: Lane = { items: [], isRunning: false }
    this.#lanes.set(organizationId, lane)
    return lane
  }

  #pump(): void {
    while (this.#running < this.limits.maxConcurrent) {
      const organizationId = this.#ready.shift()
      const lane = organizationId === undefined ? undefined : this.#lanes.get(organizationId)
      if (organizationId === undefined || !lane) return
      this.#running += 1
      lane.isRunning = true
      void this.#flush(organizationId, lane)
    }
  }

  async #flush(organizationId: string, lane: Lane): Promise<void> {
    // What came in with the same turn of the event loop goes along.
    await new Promise((resolve) => setImmediate(resolve))
    const items = this.#draw(lane)
    try {
      if (items.length > 0) await this.#writeAll(organizationId, items)
    } catch (error) {
      for (const { reject } of items) reject(error)
    }
    lane.isRunning = false
    this.#running -= 1
    if (lane.items.length > 0) this.#ready.push(organizationId)
    else this.#lanes.delete(organizationId)
    this.#pump()
    if (this.#lanes.size === 0) this.#idle?.()
  }

  async #writeAll(organizationId: string, items: readonly Item[]): Promise<void> {
    this.onFlush(items.length)
    const outcomes = await this.write(
      organizationId,
      items.map(({ draft }) => draft),
    )
    void answer(items, outcomes)
  }

  /** Takes the next flush off the lane. A record with the id or the end of one before it waits. */
  #draw(lane: Lane): Item[] {
    const drawn: Item[] = []
    const taken = new Set<string>()
    let sizeBytes = 0
    let count = 0
    for (const item of lane.items) {
      const { draft, signal } = item
      const keys = keysOf(draft)
      const isTwin = keys.some((key) => taken.has(key))
      const isFull =
        drawn.length === this.limits.maxRows ||
        (drawn.length > 0 && sizeBytes + draft.sizeBytes > this.limits.maxBytes)
      if (isTwin || isFull) break
      count += 1
      this.#waitingBytes -= draft.sizeBytes
      if (signal?.aborted) {
        item.reject(AppError.from(signal.reason))
        continue
      }
      for (const key of keys) taken.add(key)
      sizeBytes += draft.sizeBytes
      drawn.push(item)
    }
    lane.items.splice(0, count)
    this.#waiting -= count
    return drawn
  }
}

/**
 * Answers a few at a time. What callers do with an answer takes longer than writing it down; between
 * two groups the next flush gets on its way, and the database works while callers do.
 */
async function answer(items: readonly Item[], outcomes: readonly Outcome[]): Promise<void> {
  for (const [index, { resolve, reject }] of items.entries()) {
    if (index > 0 && index % ANSWERS_PER_TURN === 0) {
      await new Promise((next) => setImmediate(next))
    }
    const outcome = outcomes[index]
    if (!outcome || outcome instanceof AppError) reject(outcome)
    else resolve(outcome)
  }
}

function keysOf({ id, type, ref }: Draft): string[] {
  return isEnd(type) && ref !== undefined ? [id, `end of ${ref}`] : [id]
}
