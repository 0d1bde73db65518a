import { AppError } from '@lexcustis/core'
import type { Envelope, JsonObject } from '@lexcustis/evidence'
import type { LogEntry } from '../ports.js'
import { envelopeOf } from '../same-record.js'
import type { ContentScope, ErasureReader } from './ports.js'
import { allOfType, textOf } from './records-of-type.js'

const INCIDENT_TYPES = ['incident.opened', 'incident.changed', 'incident.closed'] as const

/**
 * Open incidents that hold some of this content as evidence: they name its record, or another record
 * of the same chat. In the order in which they were opened.
 */
export async function findHolds(
  reader: ErasureReader,
  organizationId: string,
  scope: ContentScope,
): Promise<readonly string[]> {
  const evidence = await openIncidents(reader, organizationId)
  const named = [...new Set([...evidence.values()].flatMap((entries) => [...entries]))]
  if (named.length === 0) return []
  const refs = await reader.refsOf(organizationId, named)
  const ids = [...new Set([...named, ...refs.values()])]
  const held = new Set(await reader.withContent(organizationId, scope, ids))
  const isHeld = (id: string) => held.has(id) || held.has(refs.get(id) ?? '')
  return [...evidence].filter(([, entries]) => [...entries].some(isHeld)).map(([name]) => name)
}

/** Throws CONFLICT that names the incidents. */
export async function assertNotHeld(
  reader: ErasureReader,
  organizationId: string,
  scope: ContentScope,
): Promise<void> {
  const incidents = await findHolds(reader, organizationId, scope)
  if (incidents.length === 0) return
  throw new AppError(
    'CONFLICT',
    `an open incident holds records of this person as evidence: ${incidents.join(', ')}`,
  )
}

/** Incident → ids of the records that it was ever said to rest on. */
export async function openIncidents(
  reader: Pick<ErasureReader, 'incarnations' | 'list'>,
  organizationId: string,
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const entries: LogEntry[] = []
  for (const type of INCIDENT_TYPES) {
    for await (const entry of allOfType(reader, organizationId, type)) entries.push(entry)
  }
  entries.sort(byPlace)
  const open = new Map<string, Set<string>>()
  for (const entry of entries) {
    const envelope = envelopeOf(entry)
    // Of a damaged record nobody can say what it held. Verification reports it; nothing is erased.
    if (!envelope) throw new AppError('INTERNAL', 'a record of an incident is damaged')
    apply(open, envelope)
  }
  return open
}

function apply(open: Map<string, Set<string>>, { type, attrs }: Envelope): void {
  const incident = textOf(attrs, 'incident')
  if (type === 'incident.closed') open.delete(incident)
  else if (type === 'incident.opened' || open.has(incident)) {
    const known = open.get(incident) ?? new Set()
    open.set(incident, new Set([...known, ...entriesOf(attrs)]))
  }
}

function entriesOf(attrs: JsonObject): readonly string[] {
  const entries = attrs['entries']
  return Array.isArray(entries) ? (entries as readonly string[]) : []
}

function byPlace(a: LogEntry, b: LogEntry): number {
  if (a.incarnation !== b.incarnation) return a.incarnation < b.incarnation ? -1 : 1
  return a.sequence < b.sequence ? -1 : 1
}
