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
import { type Foreseen, foreseenAfter, isAsForeseen } from './seal-ahead.js'
import { sealBatch, type SealedBatch } from './seal-batch.js'
import type { AnnounceWith } from './sealing-keys.js'
import { settle } from './settle.js'

/**
 * Resolves with one outcome per draft once they are durable. The drafts share no id and no end.
 * `onSent`: the database has the batch, and it is worth it to begin with the next one.
 */
export type WriteBatch = (
  organizationId: string,
  drafts: readonly Draft[],
  onSent?: () => void,
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
 * - first optimistically, one INSERT with no questions asked, which is sealed while the batch before
 *   is still being written, and sealed again should the log not end as foreseen;
 * - when a constraint refuses it, again after looking which ids and ends are there already;
 * - when the connection is lost, after looking whether the batch made it;
 * - when one record fails for a reason of its own, one by one, so that it fails alone.
 */
export function createBatchWriter(deps: BatchWriterDeps): WriteBatch {
  /** Of organisations whose batch is on its way. */
  const foreseen = new Map<string, Foreseen>()
  return async (organizationId, drafts, onSent = () => undefined) => {
    try {
      return await new BatchWriting({ ...deps, foreseen, onSent }, organizationId, drafts).run()
    } catch (error) {
      const cause = AppError.from(error)
      if (cause.reason !== 'INTERNAL' || drafts.length === 1) return drafts.map(() => cause)
      const outcomes: Outcome[] = []
      for (const draft of drafts) {
        const alone = new BatchWriting({ ...deps, foreseen, onSent }, organizationId, [draft]).run()
        outcomes.push(...(await alone.catch((reason: unknown) => [AppError.from(reason)])))
      }
      return outcomes
    }
  }
}

interface BatchWritingDeps extends BatchWriterDeps {
  readonly foreseen: Map<string, Foreseen>
  readonly onSent: () => void
}

class BatchWriting {
  readonly #subjectIds: readonly string[]
  /** Sealed before the lock was held, after what was foreseen. */
  #ahead: { readonly foreseen: Foreseen; readonly sealed: SealedBatch } | undefined
  /** What others may foresee because of this batch. */
  #foreseen: Foreseen | undefined
  #isCareful = false
  /** What may have been written over a connection that was lost. */
  #unconfirmed: SealedBatch | undefined
  #lastSealed: SealedBatch | undefined
  readonly #giveUpAtMs: number

  constructor(
    private readonly deps: BatchWritingDeps,
    private readonly organizationId: string,
    private readonly drafts: readonly Draft[],
  ) {
    this.#giveUpAtMs = performance.now() + (deps.recoveryMs ?? RECOVERY_MS)
    this.#subjectIds = [...new Set(this.drafts.flatMap(subjectIdsOf))]
  }

  async run(): Promise<readonly Outcome[]> {
    // Once the first statements are sent, there is time until they are answered.
    const sealing = setImmediate(() => {
      this.#sealAhead()
    })
    try {
      return await this.#write()
    } finally {
      clearImmediate(sealing)
      this.#forget()
    }
  }

  async #write(): Promise<readonly Outcome[]> {
    let pauseMs = FIRST_PAUSE_MS
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.deps.store.write(this.organizationId, this.#subjectIds, async (tx) =>
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
    this.#ahead = undefined
    this.#forget()
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
    const sealed =
      this.#sealedAhead(tx, announceWith) ??
      this.#seal(fresh, { head: tx.tail, subjects: tx.subjects }, announceWith)
    if (fresh.length > 0) {
      this.#lastSealed = sealed
      tx.insert(sealed)
      this.#foresee(sealed, tx)
      this.deps.onSent()
    }
    return this.#outcomes(sealed, settled)
  }

  #seal(
    drafts: readonly Draft[],
    { head, subjects }: { readonly head: Head | undefined } & Pick<LogTransaction, 'subjects'>,
    announceWith?: string,
  ): SealedBatch {
    return sealBatch(drafts, {
      keyring: this.deps.keyring,
      genesis: this.deps.genesis,
      organizationId: this.organizationId,
      head,
      announceWith,
      subjects,
      nowMicros: this.deps.clock.nowMicros(),
    })
  }

  #sealAhead(): void {
    const foreseen = this.deps.foreseen.get(this.organizationId)
    // Later there is a transaction, which knows.
    if (!foreseen || this.#isCareful || this.#lastSealed) return
    this.#ahead = { foreseen, sealed: this.#seal(this.drafts, foreseen) }
  }

  #sealedAhead(tx: LogTransaction, announceWith: string | undefined): SealedBatch | undefined {
    const ahead = this.#ahead
    if (!ahead || this.#isCareful || announceWith !== undefined) return undefined
    return isAsForeseen(ahead.foreseen, tx, this.#subjectIds) ? ahead.sealed : undefined
  }

  #foresee(sealed: SealedBatch, { subjects }: LogTransaction): void {
    this.#foreseen = foreseenAfter(sealed, subjects)
    if (this.#foreseen) this.deps.foreseen.set(this.organizationId, this.#foreseen)
  }

  #forget(): void {
    const { foreseen } = this.deps
    if (foreseen.get(this.organizationId) === this.#foreseen) foreseen.delete(this.organizationId)
  }

  async #wasWritten(tx: LogTransaction, { incarnation, rows }: SealedBatch): Promise<boolean> {
    const last = rows.at(-1)
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
      if (!record) return settled.get(draft) ?? new AppError('INTERNAL', 'internal error')
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

function unavailable(cause: unknown): AppError {
  return new AppError('UNAVAILABLE', 'the log cannot be written now', {
    cause,
    retryAfterMs: 1_000,
  })
}
