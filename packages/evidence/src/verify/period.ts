import type { Envelope } from '../envelope.js'
import type { Findings } from './findings.js'
import type { Manifest } from './manifest.js'

/** Holds the records of a range against its period (SPEC.md, section 8). */
export interface PeriodCheck {
  record(envelope: Envelope, seq: bigint): void
  /** Boundary records that did not come. `isLost`: the record may be one that cannot be read. */
  finish(isLost: (seq: bigint) => boolean): void
  /** Whether a record at or after the end of the period is there. */
  readonly isEndShown: boolean
}

export function createPeriodCheck(manifest: Manifest, findings: Findings): PeriodCheck {
  const { range, treeSize } = manifest
  if (!range) return { record: () => undefined, finish: () => undefined, isEndShown: false }
  const { first, end, from, to } = range
  const before = first - 1n
  let hasBefore = first === 0n
  let hasAfter = false
  const fail = (code: 'period' | 'period_boundary', detail: string, seq: bigint): void => {
    findings.add(code, detail, { seq, member: 'records.jsonl' })
  }
  return {
    record: ({ recorded_at: time }, seq) => {
      hasBefore ||= seq === before
      hasAfter ||= seq === end
      const isWithin = time >= from && time < to
      if (seq >= first && seq < end) {
        if (!isWithin) fail('period', 'the record does not belong to the period', seq)
      } else if (seq === before ? time >= from : seq === end && time < to) {
        fail('period_boundary', 'a record beside the range belongs to the period', seq)
      }
    },
    finish: (isLost) => {
      if (!hasBefore && !isLost(before)) {
        fail('period_boundary', 'the record before the range is missing', before)
      }
      if (!hasAfter && end < treeSize && !isLost(end)) {
        fail('period_boundary', 'the record after the range is missing', end)
      }
    },
    get isEndShown() {
      return hasAfter
    },
  }
}
