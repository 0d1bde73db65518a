import { AppError } from '@lexcustis/core'

export interface UpstreamErrorOptions {
  /** Whether the same request may well succeed a moment later. */
  readonly isTransient: boolean
  /** When the provider wants to be asked again. */
  readonly retryAfterMs?: number | undefined
  /** Status of its answer; absent when there was none, or when it broke off. */
  readonly status?: number | undefined
}

/** A provider that failed, with what to do about it; never in the provider's own words. */
export class UpstreamError extends AppError {
  readonly isTransient: boolean
  readonly status: number | undefined

  constructor(message: string, { isTransient, retryAfterMs, status }: UpstreamErrorOptions) {
    super('UPSTREAM_ERROR', message, retryAfterMs === undefined ? {} : { retryAfterMs })
    this.isTransient = isTransient
    this.status = status
  }
}
