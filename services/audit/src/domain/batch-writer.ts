import { setTimeout as pause } from 'node:timers/promises'
import { AppError, type Clock } from '@lexcustis/core'
import { type Draft, isEnd } from './draft.js'
import type { GenesisAttrs } from './genesis.js'
import type { Keyring } from './keyring.js'
import { subjectIdsOf } from './named-subjects.js'
import type { Outcome } from './outcome.js'
import {
  type Head,
  type LogStore,
  type LogTransaction,
  OutcomeUnknownError,
  TakenError,
} from './ports.js'
import { sealBatch, type SealedBatch } from './seal-batch.js'
import type { AnnounceWith } from './sealing-keys.js'
import { settle } from './settle.js'

/** Resolves with one outcome per draft once they are durable. The drafts share no id and no end. */
export type WriteBatch = (
  organizationId: string,
  drafts: readonly Draft[],
) => Promise<readonly Outcome[]>

export interface BatchWriterDeps {
  readonly store: LogStore
  readonly keyring: Keyring
  readonly clock: Clock
  readonly genesis: GenesisAttrs
  readonly guard: WriteGuard
  readonly announceWith: AnnounceWith
  /** How long to find out what became of a batch whose connection was lost. */
  readonly recoveryMs?: number
}

/** Decides whether an organisation's log may be extended now. Both throw UNAVAILABLE. */
export interface WriteGuard {
  /** The log was compared with what is signed of it, and its signer keeps up. */
  admit(organizationId: string): Promise<void>
  /** Its end, as the writer's lock shows it, is not before what is signed. */
  assertHead(organizationId: string, head: Head | undefined): void
}

const RECOVERY_MS = 5_000
const FIRST_PAUSE_MS = 50
const MAX_PAUSE_MS = 500
const MAX_TAKEN = 5
const NOTHING: ReadonlyMap<Draft, Outcome> = new Map()

/**
 * Writes batches so that a record is there exactly once, whatever fails in between:
 * - first optimistically, one INSERT with no questions asked;
 * - when a constraint refuses it, again after looking which ids and ends are there already;
 * - when the connection is lost, after looking whether the batch made it;
 * - when one record fails for a reason of its own, one by one, so that it fails alone.
 */
export function createBatchWriter(deps: BatchWriterDeps): WriteBatch {
  return async (organizationId, drafts) => {
    try {
      return await new BatchWriting(deps, organizationId, drafts).run()
    } catch (error) {
      const cause = AppError.from(error)
      if (cause.reason !== 'INTERNAL' || drafts.length === 1) return drafts.map(() => cause)
      const outcomes: Outcome[] = []
      for (const draft of drafts) {
        const alone = new BatchWriting(deps, organizationId, [draft]).run()
        outcomes.push(...(await alone.catch((reason: unknown) => [AppError.from(reason)])))
      }
      return outcomes
    }
  }
}

class BatchWriting {
  #isCareful = false
  /** What may have been written over a connection that was lost. */
  #unconfirmed: SealedBatch | undefined
  #lastSealed: SealedBatch | undefined
  readonly #giveUpAtMs: number

  constructor(
    private readonly deps: BatchWriterDeps,
    private readonly organizationId: string,
    private readonly drafts: readonly Draft[],
  ) {
    this.#giveUpAtMs = performance.now() + (deps.recoveryMs ?? RECOVERY_MS)
  }

  async run(): Promise<readonly Outcome[]> {
    const subjectIds = [...new Set(this.drafts.flatMap(subjectIdsOf))]
    let pauseMs = FIRST_PAUSE_MS
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.deps.store.write(this.organizationId, subjectIds, async (tx) =>
          this.#settle(tx),
        )
      } catch (error) {
        const mustPause = this.#afterFailure(error, attempt)
        if (mustPause) await pause(pauseMs)
        pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)
      }
    }
  }

  /** Says whether to wait before the next attempt; throws when there is none. */
  #afterFailure(error: unknown, attempt: number): boolean {
    this.#isCareful = true
    if (error instanceof TakenError) {
      if (attempt < MAX_TAKEN) return false
      throw unavailable(error)
    }
    if (error instanceof OutcomeUnknownError) {
      this.#unconfirmed = this.#lastSealed ?? this.#unconfirmed
    } else if (!this.#unconfirmed) {
      throw error
    }
    if (performance.now() < this.#giveUpAtMs) return true
    // The caller asks again with the same id, and gets the receipt if it was written after all.
    throw unavailable(error)
  }

  async #settle(tx: LogTransaction): Promise<readonly Outcome[]> {
    this.#lastSealed = undefined
    // Here, where the connection is known: after a restored backup it is a new one.
    await this.deps.guard.admit(this.organizationId)
    this.deps.guard.assertHead(this.organizationId, tx.tail)
    const unconfirmed = this.#unconfirmed
    if (unconfirmed && (await this.#wasWritten(tx, unconfirmed))) {
      return this.#outcomes(unconfirmed, await this.#settled(tx))
    }
    this.#unconfirmed = undefined
    const settled = this.#isCareful ? await this.#settled(tx) : NOTHING
    const fresh = this.drafts.filter((draft) => !settled.has(draft))
    const announceWith =
      fresh.length > 0 ? await this.deps.announceWith(this.organizationId, tx) : undefined
    if (fresh.length === 0) return this.drafts.map((draft) => settled.get(draft) ?? missing())
    const options = {
      keyring: this.deps.keyring,
      genesis: this.deps.genesis,
      organizationId: this.organizationId,
      head: tx.tail,
      announceWith,
      subjects: tx.subjects,
      nowMicros: this.deps.clock.nowMicros(),
    }
    const sealed = sealBatch(fresh, options, (part) => tx.insert(part))
    this.#lastSealed = sealed
    return this.#outcomes(sealed, settled)
  }

  async #wasWritten(tx: LogTransaction, { incarnation, last }: SealedBatch): Promise<boolean> {
    return (
      last !== undefined && tx.isStored({ incarnation, sequence: last.sequence, mac: last.mac })
    )
  }

  async #settled(tx: LogTransaction): Promise<ReadonlyMap<Draft, Outcome>> {
    const ends = this.drafts.filter(({ type }) => isEnd(type))
    const known = await tx.find(
      this.drafts.map(({ id }) => id),
      ends.flatMap(({ ref }) => ref ?? []),
    )
    return settle(this.drafts, known, tx.subjects)
  }

  #outcomes(sealed: SealedBatch, settled: ReadonlyMap<Draft, Outcome>): Outcome[] {
    const written = new Map(sealed.records.map((record) => [record.projection.id, record]))
    return this.drafts.map((draft) => {
      const record = written.get(draft.id)
      if (!record) return settled.get(draft) ?? missing()
      const receipt = {
        organizationId: this.organizationId,
        incarnation: sealed.incarnation,
        sequence: record.sequence,
        id: draft.id,
        leaf: record.leaf,
        recordedAt: record.projection.recordedAt,
      }
      return { receipt, isDuplicate: false }
    })
  }
}

function missing(): AppError {
  return new AppError('INTERNAL', 'internal error')
}

function unavailable(cause: unknown): AppError {
  return new AppError('UNAVAILABLE', 'the log cannot be written now', {
    cause,
    retryAfterMs: 1_000,
  })
}
