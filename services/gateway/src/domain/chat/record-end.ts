import { AppError } from '@lexcustis/core'
import { pause, within } from './pause.js'
import type { ChatEvents, Evidence, Hop, NewRecord, Sealed } from './ports.js'
import type { RunningChats } from './running-chats.js'
import type { ChatSettings } from './settings.js'

export interface EndRecorderDeps {
  readonly evidence: Evidence
  readonly events: Pick<ChatEvents, 'endDelayed' | 'endGivenUp'>
  readonly running: Pick<RunningChats, 'keep'>
  readonly settings: ChatSettings
}

/** An end and its substitutes. A second end of a start is refused, so only one of them ever counts. */
export interface EndRecords {
  readonly record: NewRecord
  /** What is true once the client was told that the end could not be recorded yet. */
  readonly late: () => NewRecord
  /** Without anything that the audit service could refuse. */
  readonly bare: () => NewRecord
}

export type EndRecorder = (
  records: EndRecords,
  hop: Hop,
  waitMs: number,
) => Promise<Sealed | undefined>

/** Reasons that trying the same record again will not change. */
const FINAL: ReadonlySet<string> = new Set(['INVALID_INPUT', 'PAYLOAD_TOO_LARGE'])

/**
 * Appends the end of a chat, and keeps trying while the audit service is away. Resolves with its
 * place in the log, or with undefined after `waitMs`; the tries go on behind that.
 *
 * What waits here is bounded: while the audit service is away, no chat starts.
 */
export function createEndRecorder(deps: EndRecorderDeps): EndRecorder {
  return async (records, hop, waitMs) => {
    const versions = new Versions(records)
    const appending = appendUntilDone(deps, versions, hop)
    deps.running.keep(appending)
    const sealed = await within(appending, waitMs)
    versions.isLate = true
    return sealed
  }
}

/** Which version of an end is to be tried next. */
class Versions {
  isLate = false
  #kind: 'record' | 'late' | 'bare' = 'record'
  #current: NewRecord

  constructor(private readonly records: EndRecords) {
    this.#current = records.record
  }

  get requestId(): string {
    return this.records.record.ref ?? ''
  }

  /** What to try after `cause`, or undefined when nothing more can be done. */
  after(cause: AppError | undefined): NewRecord | undefined {
    if (!cause) return this.#current
    // CONFLICT: this start has another end already.
    if (cause.reason === 'CONFLICT') return undefined
    if (FINAL.has(cause.reason)) {
      return this.#kind === 'bare' ? undefined : this.#use('bare')
    }
    return this.isLate && this.#kind === 'record' ? this.#use('late') : this.#current
  }

  #use(kind: 'late' | 'bare'): NewRecord {
    this.#kind = kind
    this.#current = kind === 'bare' ? this.records.bare() : this.records.late()
    return this.#current
  }
}

async function appendUntilDone(
  { evidence, events, settings }: EndRecorderDeps,
  versions: Versions,
  hop: Hop,
): Promise<Sealed | undefined> {
  const { requestId } = versions
  const giveUpAt = performance.now() + settings.keepTryingMs
  let pauseMs = settings.firstRetryMs
  let record = versions.after(undefined)
  let cause: AppError | undefined
  for (let attempt = 1; record && performance.now() < giveUpAt; attempt += 1) {
    const outcome = await evidence
      .append(record, hop)
      .catch((error: unknown) => AppError.from(error))
    if (!(outcome instanceof AppError)) return outcome
    cause = outcome
    events.endDelayed({ requestId, attempt, cause: outcome })
    await pause(pauseMs)
    pauseMs = Math.min(pauseMs * 2, settings.maxRetryMs)
    record = versions.after(cause)
  }
  if (cause) events.endGivenUp({ requestId, cause })
  return undefined
}
