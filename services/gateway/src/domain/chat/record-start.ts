import { AppError } from '@lexcustis/core'
import { pause } from './pause.js'
import type { Evidence, Hop, NewRecord, Sealed } from './ports.js'

/** No evidence, no answer: whatever keeps a record from being durable refuses the request. */
export async function appendOrRefuse(
  evidence: Evidence,
  record: NewRecord,
  hop: Hop,
): Promise<Sealed> {
  return evidence.append(record, hop).catch((cause: unknown) => {
    const text = 'this request could not be recorded, so nothing was sent to a model'
    throw new AppError('UNAVAILABLE', text, { cause, retryAfterMs: 1_000 })
  })
}

/** Reasons by which the audit service itself said no: nothing was written. */
const REFUSALS: ReadonlySet<string> = new Set([
  'INVALID_INPUT',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'CONFLICT',
  'PAYLOAD_TOO_LARGE',
  'UNIMPLEMENTED',
])

/** Whether a record may be durable although its append failed in this way. */
export function mayBeDurable(error: unknown): boolean {
  const { cause } = AppError.from(error)
  return !(cause instanceof AppError && REFUSALS.has(cause.reason))
}

/** Ask again after these pauses; an audit service that comes back answers one of the first. */
const PAUSES_MS = [500, 1_000, 2_000, 5_000, 5_000, 15_000, 30_000, 60_000]
/** A start may still wait in the audit service's queue when it is looked for the first time. */
const TIMES_ABSENT = 2

/**
 * Looks for a start whose append was not answered. Resolves with its place in the log, or with
 * undefined when it is not there or nobody could tell for two minutes: then `lost`, written by the
 * audit service, is its end.
 */
export async function findUnansweredStart(
  evidence: Evidence,
  id: string,
  hop: Hop,
): Promise<Sealed | undefined> {
  let absent = 0
  for (const pauseMs of PAUSES_MS) {
    await pause(pauseMs)
    const found = await evidence.find(id, hop).catch(() => 'unknown' as const)
    if (found === 'unknown') continue
    if (found) return found
    absent += 1
    if (absent === TIMES_ABSENT) return undefined
  }
  return undefined
}
