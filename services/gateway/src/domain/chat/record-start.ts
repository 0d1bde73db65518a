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

/** A start may still wait in the audit service's queue when it is looked for the first time. */
const TIMES_ABSENT = 2

/**
 * Looks for a start whose append was not answered. Resolves with its place in the log, or with
 * undefined when it is not there or nobody could tell after the last pause: then `lost`, written by
 * the audit service, is its end.
 */
export async function findUnansweredStart(
  evidence: Evidence,
  id: string,
  hop: Hop,
  pausesMs: readonly number[],
): Promise<Sealed | undefined> {
  let absent = 0
  for (const pauseMs of pausesMs) {
    await pause(pauseMs)
    const found = await evidence.find(id, hop).catch(() => 'unknown' as const)
    if (found === 'unknown') continue
    if (found) return found
    absent += 1
    if (absent === TIMES_ABSENT) return undefined
  }
  return undefined
}
