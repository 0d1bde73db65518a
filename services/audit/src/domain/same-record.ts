import {
  type Actor,
  canonicalText,
  commit,
  type Envelope,
  EvidenceError,
  readRecord,
} from '@lexcustis/evidence'
import type { Draft, DraftActor } from './draft.js'
import { sealedAttrs } from './named-subjects.js'
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

/** Whether the request says what the record with its id says. `pidOf`: pseudonyms there are now. */
export function isSameRecord(
  draft: Draft,
  { salts }: KnownRecord,
  envelope: Envelope,
  pidOf: (subjectId: string) => string | undefined,
): boolean {
  return (
    envelope.type === draft.type &&
    envelope.occurred_at === draft.occurredAt &&
    envelope.ref === draft.ref &&
    envelope.trace === draft.trace &&
    isSameActor(draft.actor, envelope.actor, pidOf) &&
    canonicalText(envelope.attrs) === sealedAttrs(draft, pidOf) &&
    isSameContent(draft, envelope, salts)
  )
}

function isSameActor(
  { kind, role, subjectId, via }: DraftActor,
  actor: Actor,
  pidOf: (subjectId: string) => string | undefined,
): boolean {
  const pid = subjectId === undefined ? undefined : pidOf(subjectId)
  return actor.kind === kind && actor.via === via && actor.role === role && actor.pid === pid
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
