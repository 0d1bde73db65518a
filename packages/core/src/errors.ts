import type { Reason } from './reason.js'

/** One field that breaks a rule; `pointer` is an RFC 6901 JSON pointer into the input. */
export interface FieldError {
  readonly pointer: string
  readonly detail: string
}

export interface AppErrorOptions {
  /** For our log only; never leaves the process. */
  readonly cause?: unknown
  readonly errors?: readonly FieldError[]
  /** When trying again is sensible. */
  readonly retryAfterMs?: number
}

/**
 * A failure with a name. `message` is written for the caller and crosses process boundaries (except
 * for INTERNAL, which loses its text there); `cause` is for the log.
 */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly errors: readonly FieldError[]
  readonly retryAfterMs: number | undefined

  constructor(
    readonly reason: Reason,
    message: string,
    options: AppErrorOptions = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.errors = options.errors ?? []
    this.retryAfterMs = options.retryAfterMs
  }

  /** Gives anything thrown a name: an AppError stays, an abort is CANCELLED, the rest is INTERNAL. */
  static from(error: unknown): AppError {
    if (error instanceof AppError) return error
    if (error instanceof Error && error.name === 'AbortError') {
      return new AppError('CANCELLED', 'the caller went away', { cause: error })
    }
    if (error instanceof Error && error.name === 'TimeoutError') {
      return new AppError('TIMEOUT', 'the deadline passed', { cause: error })
    }
    return new AppError('INTERNAL', 'internal error', { cause: error })
  }
}
