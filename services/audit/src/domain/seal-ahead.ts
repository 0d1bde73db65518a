import type { Head, LogTransaction, Subject, WrappedKey } from './ports.js'
import type { SealedBatch } from './seal-batch.js'

/** What the next writer of a log finds, should the batch that is under way be written. */
export interface Foreseen {
  readonly head: Head
  /** Those of the batch; of others nothing is known. */
  readonly subjects: ReadonlyMap<string, Subject>
}

/** Undefined for a batch without records. `subjects`: those that were found before it. */
export function foreseenAfter(
  { incarnation, rows, newSubjects, newKeys }: SealedBatch,
  subjects: ReadonlyMap<string, Subject>,
): Foreseen | undefined {
  const last = rows.at(-1)
  if (!last) return undefined
  const { sequence, mac, projection } = last
  const keys = new Map(newKeys.map(({ pid, key }) => [pid, key]))
  const all = new Map(subjects)
  for (const { subjectId, pid } of newSubjects) all.set(subjectId, { pid, key: undefined })
  for (const [subjectId, { pid, key }] of all) {
    all.set(subjectId, { pid, key: keys.get(pid) ?? key })
  }
  return { head: { incarnation, sequence, mac, recordedAt: projection.recordedAt }, subjects: all }
}

/**
 * Whether a transaction, which holds the lock, found what was foreseen: the very record that was to
 * come before, and everybody of the batch with the pseudonym and the key that it was sealed with.
 */
export function isAsForeseen(
  { head, subjects }: Foreseen,
  tx: Pick<LogTransaction, 'tail' | 'subjects'>,
  subjectIds: readonly string[],
): boolean {
  const { tail } = tx
  return (
    tail?.incarnation === head.incarnation &&
    tail.sequence === head.sequence &&
    tail.mac.equals(head.mac) &&
    tail.recordedAt === head.recordedAt &&
    subjectIds.every((id) => isSameSubject(subjects.get(id), tx.subjects.get(id)))
  )
}

function isSameSubject(a: Subject | undefined, b: Subject | undefined): boolean {
  return a?.pid === b?.pid && isSameKey(a?.key, b?.key)
}

function isSameKey(a: WrappedKey | undefined, b: WrappedKey | undefined): boolean {
  if (!a || !b) return a === b
  return a.kid === b.kid && a.bytes.equals(b.bytes)
}
