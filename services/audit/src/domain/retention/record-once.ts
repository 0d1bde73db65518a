import { AppError, type Clock, formatMicros } from '@lexcustis/core'
import type { JsonObject } from '@lexcustis/evidence'
import type { Draft, DraftActor, DraftReader } from '../draft.js'
import type { ErasureReader } from '../erasure/ports.js'
import type { Appended } from '../outcome.js'
import type { LogEntry } from '../ports.js'
import { envelopeOf } from '../same-record.js'

export interface RecordOnceDeps {
  readonly reader: Pick<ErasureReader, 'byId'>
  readonly readDraft: DraftReader
  readonly append: (draft: Draft) => Promise<Appended>
  readonly clock: Clock
}

export interface OnceInput {
  readonly id: string
  readonly type: 'settings.changed' | 'content.expired'
  readonly ref?: string
  readonly attrs: object
}

/** A record that says so, whoever wrote it and when. */
export interface RecordedOnce {
  readonly entry: LogEntry
  readonly attrs: JsonObject
}

/**
 * Appends a record, or finds the one that an earlier try, or another replica at the same moment, has
 * written under this id: that one holds, with its own time, actor and attributes.
 */
export async function recordOnce(
  { reader, readDraft, append, clock }: RecordOnceDeps,
  organizationId: string,
  actor: DraftActor,
  { id, type, ref = '', attrs }: OnceInput,
): Promise<RecordedOnce> {
  const known = await reader.byId(organizationId, id)
  if (known) return readAs(type, known)
  const occurredAt = formatMicros(clock.nowMicros())
  const attrsJson = JSON.stringify(attrs)
  const input = { id, type, occurredAt, ref, trace: '', attrsJson, content: [] }
  try {
    await append(readDraft(organizationId, actor, input))
  } catch (error) {
    if (AppError.from(error).reason !== 'CONFLICT') throw error
  }
  const entry = await reader.byId(organizationId, id)
  if (!entry) throw new AppError('INTERNAL', 'a record that was written cannot be found')
  return readAs(type, entry)
}

function readAs(type: OnceInput['type'], entry: LogEntry): RecordedOnce {
  const envelope = envelopeOf(entry)
  if (!envelope) throw new AppError('INTERNAL', 'a record of the retention is damaged')
  if (envelope.type !== type) throw new AppError('CONFLICT', 'another record has this id')
  return { entry, attrs: envelope.attrs }
}
