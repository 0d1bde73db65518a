import { AppError } from '@lexcustis/core'
import type { Envelope } from '@lexcustis/evidence'
import { type Draft, isEnd } from './draft.js'
import type { Appended, Outcome } from './outcome.js'
import type { KnownRecord, Subject } from './ports.js'
import { envelopeOf, isSameEnd, isSameRecord } from './same-record.js'

interface Known {
  readonly record: KnownRecord
  readonly envelope: Envelope
}

/**
 * Outcomes of the drafts that are in the log already, or cannot be because something else is; a draft
 * without one is to be written. `known`: what the log has of their ids and ends.
 */
export function settle(
  drafts: readonly Draft[],
  known: readonly KnownRecord[],
  subjects: ReadonlyMap<string, Subject>,
): ReadonlyMap<Draft, Outcome> {
  const byId = new Map<string, Known>()
  const byStart = new Map<string, Known>()
  for (const record of known) {
    const envelope = envelopeOf(record)
    if (!envelope) throw new AppError('INTERNAL', 'a stored record is damaged')
    byId.set(envelope.id, { record, envelope })
    if (isEnd(envelope.type) && envelope.ref) byStart.set(envelope.ref, { record, envelope })
  }
  const pidOf = (subjectId: string) => subjects.get(subjectId)?.pid
  const settled = new Map<Draft, Outcome>()
  for (const draft of drafts) {
    const outcome = judgeId(draft, byId.get(draft.id), pidOf) ?? judgeEnd(draft, byStart)
    if (outcome) settled.set(draft, outcome)
  }
  return settled
}

function judgeId(
  draft: Draft,
  known: Known | undefined,
  pidOf: (subjectId: string) => string | undefined,
): Outcome | undefined {
  if (!known) return undefined
  const { record, envelope } = known
  if (isSameRecord(draft, record, envelope, pidOf)) return duplicateOf(known)
  return new AppError('CONFLICT', 'another record has this id')
}

function judgeEnd(draft: Draft, byStart: ReadonlyMap<string, Known>): Outcome | undefined {
  const known = isEnd(draft.type) && draft.ref ? byStart.get(draft.ref) : undefined
  if (!known) return undefined
  if (isSameEnd(draft, known.envelope)) return duplicateOf(known)
  return new AppError('CONFLICT', 'this chat has another end already')
}

function duplicateOf({ record, envelope }: Known): Appended {
  const receipt = {
    organizationId: envelope.org,
    incarnation: record.incarnation,
    sequence: record.sequence,
    id: envelope.id,
    leaf: record.leaf,
    recordedAt: envelope.recorded_at,
  }
  return { receipt, isDuplicate: true }
}
