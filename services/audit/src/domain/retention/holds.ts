import { openIncidents } from '../erasure/holds.js'
import type { Place } from '../erasure/ports.js'
import { allOfType, textOf } from '../erasure/records-of-type.js'
import { envelopeOf } from '../same-record.js'
import type { RetentionReader } from './ports.js'

/** A record that stays because an open incident rests on it. */
export interface Hold extends Place {
  readonly incident: string
  /** Its content is evidence; otherwise it is the record that opened the incident. */
  readonly isEvidence: boolean
}

/**
 * What open incidents hold: the records they name, the other records of the same chats, and the record
 * that opened each, without which nobody could tell tomorrow what is held.
 */
export async function findRetentionHolds(
  reader: RetentionReader,
  organizationId: string,
): Promise<readonly Hold[]> {
  const incidents = await openIncidents(reader, organizationId)
  const holds: Hold[] = []
  for (const [incident, named] of incidents) {
    const refs = await reader.refsOf(organizationId, [...named])
    const ids = [...new Set([...named, ...refs.values()])]
    const places = ids.length === 0 ? [] : await reader.placesOf(organizationId, ids)
    holds.push(...places.map((place) => ({ ...place, incident, isEvidence: true })))
  }
  if (incidents.size === 0) return holds
  for await (const entry of allOfType(reader, organizationId, 'incident.opened')) {
    const incident = textOf(envelopeOf(entry)?.attrs, 'incident')
    const { incarnation, sequence } = entry
    if (incidents.has(incident)) {
      holds.push({ incarnation, sequence, incident, isEvidence: false })
    }
  }
  return holds
}
