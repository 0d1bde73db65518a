import type { FailureCode } from '../failure.js'

/** One thing that does not hold. Never quotes a value of a record. */
export interface Failure {
  readonly code: FailureCode
  readonly detail: string
  /** Decimal sequence of the record. */
  readonly seq?: string
  /** Committed field. */
  readonly field?: string
  /** Path in the bundle. */
  readonly member?: string
  /** In the member, from 1. */
  readonly line?: number
}

/** Verdict of a verification (SPEC.md, section 7). */
export interface Report {
  /** `error`: verification could not start. */
  readonly result: 'valid' | 'invalid' | 'error'
  readonly exit: 0 | 1 | 2
  /** At most 100 of each code; `notes` says how many more there are. */
  readonly failures: readonly Failure[]
  readonly holds: readonly string[]
  readonly not_checked: readonly string[]
  readonly notes: readonly string[]
}

export interface Progress {
  /** Bytes of members read so far, of all that the manifest lists. */
  readonly doneBytes: number
  readonly totalBytes: number
}
