import { AppError, type Clock, parseMicros } from '@lexcustis/core'

/** Times of recording, half-open: from ≤ recorded_at < to. Six digits and Z, so that texts compare. */
export interface Period {
  readonly from: string
  readonly to: string
}

const UTC = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?Z$/

/**
 * The period that is asked for; undefined for everything, when both texts are empty. RFC 3339 in UTC
 * with at most six digits of a second. Throws INVALID_INPUT, also for a period that has not begun: its
 * emptiness could not be shown by a record behind it.
 */
export function readPeriod(
  { from, to }: { readonly from: string; readonly to: string },
  clock: Clock,
): Period | undefined {
  if (from === '' && to === '') return undefined
  if (from === '' || to === '') throw invalid('from and to are given both or not at all')
  const period = { from: readTime('from', from), to: readTime('to', to) }
  if (period.from >= period.to) throw invalid('from is not before to')
  const begins = parseMicros(period.from) ?? 0n
  if (begins > clock.nowMicros()) throw invalid('from lies in the future')
  return period
}

function readTime(name: string, text: string): string {
  const [, seconds, fraction = ''] = UTC.exec(text) ?? []
  const time = `${seconds}.${fraction.padEnd(6, '0')}Z`
  if (seconds !== undefined && parseMicros(time) !== undefined) return time
  throw invalid(`${name} is not a time in UTC like 2026-11-23T10:15:30.123456Z`)
}

function invalid(message: string): AppError {
  return new AppError('INVALID_INPUT', message)
}
