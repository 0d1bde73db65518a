import { AppError } from '@lexcustis/core'
import type { OrganizationLog } from '../checkpoint-store.js'
import type { Head } from '../ports.js'
import type { SignedState } from './compare-log.js'
import { DivergedError, type Divergence } from './divergence.js'

export interface LogGuardDeps {
  /** Throws DivergedError. */
  readonly compare: (organizationId: string) => Promise<SignedState | undefined>
  readonly onDiverged?: (organizationId: string, divergence: Divergence) => void
  /** Milliseconds on a clock that never goes back. */
  readonly nowMs?: () => number
}

/** Records older than this without a checkpoint stop the writing (SPEC.md, section 4). */
const MAX_UNSIGNED_MS = 60_000
/** A log found diverged is compared again after this: an operator may have started a new one. */
const RECHECK_MS = 5_000
const RETRY_AFTER_MS = 5_000

interface LogState {
  /** Resolves once the database was compared with the store. */
  comparison: Promise<void> | undefined
  comparedAtMs: number
  signed: SignedState | undefined
  divergence: Divergence | undefined
  /** When the oldest record of this process without a checkpoint was appended. */
  unsignedSinceMs: number | undefined
  /** The newest such record. */
  newest: { readonly incarnation: string; readonly sequence: bigint } | undefined
}

/**
 * Stands before every write: lets none into a log that was not compared with what is signed of it, or
 * that differs, or whose signer has been away for too long.
 */
export class LogGuard {
  readonly #states = new Map<string, LogState>()
  readonly #nowMs: () => number

  constructor(private readonly deps: LogGuardDeps) {
    this.#nowMs = deps.nowMs ?? (() => performance.now())
  }

  /** Throws UNAVAILABLE while the organisation may not be written to. */
  async admit(organizationId: string): Promise<void> {
    const state = this.#stateOf(organizationId)
    this.#refresh(organizationId, state)
    // A comparison that was forgotten in the meantime is made again.
    while (state.comparison) {
      const { comparison } = state
      await comparison
      if (state.comparison === comparison) break
      this.#refresh(organizationId, state)
    }
    if (state.divergence) throw readOnly()
    const since = state.unsignedSinceMs
    if (since !== undefined && this.#nowMs() - since > MAX_UNSIGNED_MS) throw unsigned()
  }

  /** Within the writer's lock: the log must still have what is known to be signed. Throws UNAVAILABLE. */
  assertHead(organizationId: string, head: Head | undefined): void {
    const signed = this.#states.get(organizationId)?.signed
    if (!signed || (head && head.incarnation > signed.incarnation)) return
    const isSame = head?.incarnation === signed.incarnation
    const storedSize = isSame ? head.sequence + 1n : 0n
    if (storedSize >= signed.size) return
    const { incarnation, size: signedSize } = signed
    this.diverged(organizationId, { code: 'log_behind', incarnation, signedSize, storedSize })
    throw readOnly()
  }

  /** The next write to each organisation compares again: the database may be another one now. */
  forgetComparisons(): void {
    for (const state of this.#states.values()) state.comparison = undefined
  }

  appended({ organizationId, incarnation }: OrganizationLog, sequence: bigint): void {
    const state = this.#stateOf(organizationId)
    const { newest } = state
    if (newest?.incarnation === incarnation && newest.sequence >= sequence) return
    state.newest = { incarnation, sequence }
    if (this.checkpointSize({ organizationId, incarnation }) > sequence) return
    state.unsignedSinceMs ??= this.#nowMs()
  }

  signed({ organizationId, incarnation }: OrganizationLog, size: bigint): void {
    const state = this.#stateOf(organizationId)
    const { signed, newest } = state
    const isOlder =
      signed &&
      (signed.incarnation > incarnation ||
        (signed.incarnation === incarnation && signed.size > size))
    if (isOlder) return
    state.signed = { incarnation, size }
    const isCovered = !newest || newest.incarnation < incarnation || newest.sequence < size
    // What was appended in the meantime waits since about now.
    state.unsignedSinceMs = isCovered ? undefined : this.#nowMs()
  }

  /** What was found about an incarnation that another one has followed is no longer news. */
  diverged(organizationId: string, divergence: Divergence): void {
    const state = this.#stateOf(organizationId)
    if (state.signed && divergence.incarnation < state.signed.incarnation) return
    const known = state.divergence
    state.divergence = divergence
    if (known?.code === divergence.code && known.incarnation === divergence.incarnation) return
    this.deps.onDiverged?.(organizationId, divergence)
  }

  /** Size of the newest checkpoint that is known of a log; 0 before the first. */
  checkpointSize({ organizationId, incarnation }: OrganizationLog): bigint {
    const signed = this.#states.get(organizationId)?.signed
    return signed?.incarnation === incarnation ? signed.size : 0n
  }

  divergenceOf(organizationId: string): Divergence | undefined {
    return this.#states.get(organizationId)?.divergence
  }

  /** Organisations whose log differs from what was signed. */
  readOnly(): readonly string[] {
    return [...this.#states].flatMap(([id, { divergence }]) => (divergence ? [id] : []))
  }

  get divergedOrganizations(): number {
    return this.readOnly().length
  }

  /** How long the oldest record of this process has waited for a checkpoint; 0 when none waits. */
  get oldestUnsignedMs(): number {
    const since = [...this.#states.values()].flatMap(({ unsignedSinceMs }) => unsignedSinceMs ?? [])
    return since.length === 0 ? 0 : this.#nowMs() - Math.min(...since)
  }

  #stateOf(organizationId: string): LogState {
    const known = this.#states.get(organizationId)
    if (known) return known
    const state: LogState = {
      comparison: undefined,
      comparedAtMs: 0,
      signed: undefined,
      divergence: undefined,
      unsignedSinceMs: undefined,
      newest: undefined,
    }
    this.#states.set(organizationId, state)
    return state
  }

  /** Starts a comparison when none was made, or when one found a difference some time ago. */
  #refresh(organizationId: string, state: LogState): void {
    const isDue = state.divergence && this.#nowMs() - state.comparedAtMs > RECHECK_MS
    if (state.comparison && !isDue) return
    state.comparedAtMs = this.#nowMs()
    const comparison: Promise<void> = this.#compare(organizationId, (apply) => {
      // One that was overtaken by a newer one says nothing any more.
      if (state.comparison === comparison) apply(state)
    })
    state.comparison = comparison
    comparison.catch(() => {
      // It could not be made: the next write tries again.
      if (state.comparison === comparison) state.comparison = undefined
    })
  }

  async #compare(
    organizationId: string,
    conclude: (apply: (state: LogState) => void) => void,
  ): Promise<void> {
    try {
      const signed = await this.deps.compare(organizationId)
      conclude((state) => {
        state.divergence = undefined
        if (signed) this.signed({ organizationId, incarnation: signed.incarnation }, signed.size)
      })
    } catch (error) {
      if (!(error instanceof DivergedError)) throw error
      conclude(() => {
        this.diverged(organizationId, error.divergence)
      })
    }
  }
}

function readOnly(): AppError {
  return new AppError(
    'UNAVAILABLE',
    'the log of this organisation is read-only: it differs from what was signed of it',
  )
}

function unsigned(): AppError {
  const message = 'records have waited for more than 60 s to be signed'
  return new AppError('UNAVAILABLE', message, { retryAfterMs: RETRY_AFTER_MS })
}
