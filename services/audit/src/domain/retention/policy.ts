import { AppError } from '@lexcustis/core'

/** How long an organisation keeps what its log has; undefined: for ever. */
export interface RetentionDays {
  readonly contentDays: number | undefined
  readonly recordDays: number | undefined
}

export interface RetentionPolicy extends RetentionDays {
  /** Id of the settings.changed record that set it; empty for the default, which keeps everything. */
  readonly approvedBy: string
}

export const KEEP_EVERYTHING: RetentionPolicy = {
  contentDays: undefined,
  recordDays: undefined,
  approvedBy: '',
}

/** Six months, and the longest of them: from 1 March to 1 September, from 1 July to 1 January. */
export const MIN_DAYS = 184
export const MAX_DAYS = 36_500

/** Throws INVALID_INPUT. */
export function checkDays({ contentDays, recordDays }: RetentionDays): void {
  assertDays('content', contentDays)
  assertDays('records', recordDays)
  if (recordDays === undefined) return
  if (contentDays === undefined || contentDays > recordDays) {
    throw invalid('content must not be kept longer than records: it goes before its record')
  }
}

function assertDays(name: string, days: number | undefined): void {
  if (days === undefined) return
  if (!Number.isInteger(days) || days > MAX_DAYS) {
    throw invalid(`${name}: not a number of days up to ${MAX_DAYS}`)
  }
  if (days >= MIN_DAYS) return
  throw invalid(
    `${name}: kept for less than ${MIN_DAYS} days, but logs of a high-risk AI system are kept for at least six ` +
      'months (AI Act, Art. 19(1) and 26(6))',
  )
}

function invalid(problem: string): AppError {
  return new AppError('INVALID_INPUT', problem)
}
