import {
  canonicalText,
  commit,
  type Envelope,
  EvidenceError,
  readRecord,
} from '@lexcustis/evidence'
import type { Draft } from './draft.js'
import type { KnownRecord } from './ports.js'

/** The envelope of a stored record, or undefined when its bytes were damaged. */
export function envelopeOf({ canonical }: Pick<KnownRecord, 'canonical'>): Envelope | undefined {
  try {
    return readRecord(canonical)
  } catch (error) {
    if (error instanceof EvidenceError) return undefined
    throw error
  }
}

/** Whether the request says what the record with its id says. `pid`: of the one who asks. */
export function isSameRecord(
  draft: Draft,
  { salts }: KnownRecord,
  envelope: Envelope,
  pid: string | undefined,
): boolean {
  const { actor } = envelope
  return (
    envelope.type === draft.type &&
    envelope.occurred_at === draft.occurredAt &&
    envelope.ref === draft.ref &&
    envelope.trace === draft.trace &&
    actor.kind === draft.actor.kind &&
    actor.via === draft.actor.via &&
    actor.role === draft.actor.role &&
    actor.pid === pid &&
    canonicalText(envelope.attrs) === draft.attrs &&
    isSameContent(draft, envelope, salts)
  )
}

function isSameContent(
  { content }: Draft,
  { commitments = {} }: Envelope,
  salts: ReadonlyMap<string, Buffer>,
): boolean {
  if (Object.keys(commitments).length !== content.length) return false
  return content.every(({ field, value }) => {
    const commitment = commitments[field]
    const salt = salts.get(field)
    // Erased content cannot be compared; that the field was there is all that is left to know.
    return commitment !== undefined && (!salt || commit(salt, value) === commitment)
  })
}

/** Whether both say that the chat ended in the same way; details may differ between two witnesses. */
export function isSameEnd(draft: Draft, envelope: Envelope): boolean {
  return envelope.type === draft.type && envelope.attrs['outcome'] === draft.outcome
}
