import { Metadata, status, type ServiceError, type StatusObject } from '@grpc/grpc-js'
import { AppError, isReason, type Reason } from '@lexcustis/core'
import { REASON_TABLE } from './reasons.js'

const REASON = 'lexcustis-reason'
const RETRY_AFTER = 'lexcustis-retry-after-ms'

/** What a service answers for an error. INTERNAL keeps its text to itself. */
export function toStatus(error: unknown): Pick<StatusObject, 'code' | 'details' | 'metadata'> {
  const app = AppError.from(error)
  const metadata = new Metadata()
  metadata.set(REASON, app.reason)
  if (app.retryAfterMs !== undefined) metadata.set(RETRY_AFTER, String(app.retryAfterMs))
  const details = app.reason === 'INTERNAL' ? 'internal error' : app.message
  return { code: REASON_TABLE[app.reason].grpc, details, metadata }
}

/** Without a reason in the trailer the library spoke, not a peer. */
function reasonOfLibrary(code: status): Reason {
  switch (code) {
    case status.UNAVAILABLE:
      return 'UNAVAILABLE'
    case status.DEADLINE_EXCEEDED:
      return 'TIMEOUT'
    case status.CANCELLED:
      return 'CANCELLED'
    case status.UNIMPLEMENTED:
      return 'UNIMPLEMENTED'
    default:
      return 'INTERNAL'
  }
}

/** Rebuilds in the caller the error that the service threw. */
export function fromStatus(error: ServiceError, service: string): AppError {
  const reason = error.metadata.get(REASON)[0]
  const retryAfter = Number(error.metadata.get(RETRY_AFTER)[0] ?? Number.NaN)
  const options = {
    cause: error,
    ...(Number.isFinite(retryAfter) ? { retryAfterMs: retryAfter } : {}),
  }
  if (isReason(reason)) return new AppError(reason, error.details, options)
  return new AppError(reasonOfLibrary(error.code), `the ${service} service did not answer`, options)
}

export function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'metadata' in error && 'details' in error
}
