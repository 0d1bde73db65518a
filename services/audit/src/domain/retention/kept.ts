import type { StoredRecord } from '@lexcustis/evidence'

const KEPT: ReadonlySet<string> = new Set([
  'chain.genesis',
  'key.announced',
  'subject.erased',
  'content.expired',
  'settings.changed',
])

/** Whether a record is never pruned: the same rule as audit.is_kept of the database. */
export function isKept({ projection: { type, ref } }: Pick<StoredRecord, 'projection'>): boolean {
  return KEPT.has(type) || (type === 'oversight.decided' && ref === undefined)
}
