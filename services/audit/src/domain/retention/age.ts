import { type Clock, formatMicros } from '@lexcustis/core'
import type { RetentionReader } from './ports.js'

const DAY_MICROS = 86_400_000_000n
const MAX_SEQUENCE = 2n ** 63n - 1n

/** Records before this time are older than so many days. */
export function cutoff(clock: Clock, days: number): string {
  return formatMicros(clock.nowMicros() - BigInt(days) * DAY_MICROS)
}

/**
 * The first sequence whose record is not before a time, or the one behind the last record. Times never
 * go back along a log, so that some sixty look-ups find it in a log of any length.
 */
export async function firstSince(
  reader: Pick<RetentionReader, 'firstFrom'>,
  organizationId: string,
  incarnation: string,
  time: string,
): Promise<bigint> {
  let low = 0n
  let high = MAX_SEQUENCE
  while (low < high) {
    const middle = (low + high) / 2n
    const found = await reader.firstFrom(organizationId, incarnation, middle)
    if (!found || found.recordedAt >= time) high = middle
    // What lies between was pruned, or is a hole that verification reports.
    else low = found.sequence + 1n
  }
  return low
}
