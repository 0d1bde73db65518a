import type { CommittedField, Envelope } from '@lexcustis/evidence'
import type { LogEntry } from '../ports.js'
import { envelopeOf } from '../same-record.js'
import type { ErasureReader, Place } from './ports.js'
import { isWithin, readRanges } from './ranges.js'
import { allOfType } from './records-of-type.js'

/** The record that authorises the erasure of a field. */
export interface Authority {
  readonly id: string
  readonly sequence: bigint
}

const ERASING = ['subject.erased', 'content.expired'] as const

/** Fields of a record whose erasure a later record authorises (SPEC.md, section 3), with that record. */
export async function findAuthorities(
  reader: Pick<ErasureReader, 'incarnations' | 'list'>,
  organizationId: string,
  place: Place,
  fields: readonly CommittedField[],
): Promise<ReadonlyMap<CommittedField, Authority>> {
  const found = new Map<CommittedField, Authority>()
  if (fields.length === 0) return found
  for (const type of ERASING) {
    for await (const entry of allOfType(reader, organizationId, type, place)) {
      const envelope = envelopeOf(entry)
      if (!envelope || !speaksOf(envelope, entry, place)) continue
      const { id } = envelope
      for (const field of fields.filter((name) => isListed(envelope, name) && !found.has(name))) {
        found.set(field, { id, sequence: entry.sequence })
      }
    }
  }
  return found
}

function speaksOf({ attrs }: Envelope, entry: LogEntry, place: Place): boolean {
  const { inc = entry.incarnation, seqs } = attrs
  const ranges = readRanges(seqs)
  return inc === place.incarnation && ranges !== undefined && isWithin(ranges, place.sequence)
}

function isListed({ attrs }: Envelope, field: CommittedField): boolean {
  const { fields } = attrs
  return fields === undefined || (Array.isArray(fields) && fields.includes(field))
}
