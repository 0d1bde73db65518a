import { AppError, type Reason } from '@lexcustis/core'
import pg from 'pg'

/** SQLSTATE (PostgreSQL appendix A) → reason. What is not here is a fault of ours. */
const SQLSTATE: Readonly<Record<string, readonly [Reason, string]>> = {
  '23505': ['CONFLICT', 'this already exists'],
  '40001': ['UNAVAILABLE', 'the database was busy; try again'],
  '40P01': ['UNAVAILABLE', 'the database was busy; try again'],
  '53100': ['UNAVAILABLE', 'the database has no space left'],
  '53200': ['UNAVAILABLE', 'the database is out of memory'],
  '53300': ['UNAVAILABLE', 'the database has no connection left'],
  '55P03': ['UNAVAILABLE', 'the database was busy; try again'],
  '57014': ['CANCELLED', 'the query was cancelled'],
  '57P01': ['UNAVAILABLE', 'the database is shutting down'],
  '57P02': ['UNAVAILABLE', 'the database is shutting down'],
  '57P03': ['UNAVAILABLE', 'the database is starting'],
}

const CONNECTION_ERRNO = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOENT',
  'ENOTFOUND',
])
const CONNECTION_MESSAGE =
  /connection terminated|query read timeout|timeout exceeded when trying to connect|not queryable|client has encountered a connection error/i

/** The connection is gone: what it was doing may or may not have happened. */
export function isConnectionLost(error: unknown): boolean {
  if (error instanceof AppError) return isConnectionLost(error.cause)
  if (error instanceof pg.DatabaseError) return /^(08|57P0[123])/.test(error.code ?? '')
  if (!(error instanceof Error)) return false
  if (CONNECTION_ERRNO.has((error as NodeJS.ErrnoException).code ?? '')) return true
  // pg reports its own connection failures as plain errors; there is nothing else to go by.
  return CONNECTION_MESSAGE.test(error.message)
}

/** Comes from the database or the way to it. */
export function isDriverError(error: unknown): boolean {
  return error instanceof pg.DatabaseError || isConnectionLost(error)
}

export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  const cause = error instanceof AppError ? error.cause : error
  if (!(cause instanceof pg.DatabaseError) || cause.code !== '23505') return false
  return constraint === undefined || (cause.constraint ?? '').includes(constraint)
}

/** Gives a driver error its reason; the driver's text stays behind as the cause. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error
  if (isConnectionLost(error)) {
    return new AppError('UNAVAILABLE', 'the database does not answer', {
      cause: error,
      retryAfterMs: 1_000,
    })
  }
  const row = error instanceof pg.DatabaseError ? SQLSTATE[error.code ?? ''] : undefined
  if (!row) return new AppError('INTERNAL', 'internal error', { cause: error })
  return new AppError(row[0], row[1], { cause: error })
}
