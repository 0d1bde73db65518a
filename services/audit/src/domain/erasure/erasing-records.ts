import { AppError, type Clock, formatMicros, type TenantContext } from '@lexcustis/core'
import { canonicalText, type JsonObject } from '@lexcustis/evidence'
import { actorOf, type Draft, type DraftReader } from '../draft.js'
import type { Appended, Receipt } from '../outcome.js'
import type { LogEntry } from '../ports.js'
import { envelopeOf } from '../same-record.js'
import type { ErasureReader, Place } from './ports.js'
import { readRanges, type SequenceRange, toRanges, writeRanges } from './ranges.js'
import { receiptOf } from './receipt-of.js'
import { recordIdOf } from './record-id.js'
import type { ErasureRequest } from './request.js'

/** A subject.erased record: from here on what it lists must not be there. */
export interface ErasingRecord {
  readonly receipt: Receipt
  /** Log whose records it lists. */
  readonly incarnation: string
  readonly ranges: readonly SequenceRange[]
}

export interface ErasingDeps {
  readonly reader: ErasureReader
  readonly readDraft: DraftReader
  readonly append: (draft: Draft) => Promise<Appended>
  readonly clock: Clock
}

/**
 * Records that one subject.erased lists at most: two sequences of 19 digits stand for two records or
 * more, so their list takes at most 44 kB of the 65 535 bytes that a record may have.
 */
export const MAX_LISTED = 2_000

/** Those that the request wrote so far, in order. CONFLICT when its id belongs to something else. */
export async function readErasingRecords(
  reader: ErasureReader,
  organizationId: string,
  request: ErasureRequest,
): Promise<readonly ErasingRecord[]> {
  const records: ErasingRecord[] = []
  for (;;) {
    const entry = await reader.byId(organizationId, recordIdOf(request.id, records.length))
    if (!entry) return records
    records.push(readRecord(organizationId, entry, request))
  }
}

function readRecord(
  organizationId: string,
  entry: LogEntry,
  request: ErasureRequest,
): ErasingRecord {
  const envelope = envelopeOf(entry)
  if (!envelope) throw new AppError('INTERNAL', 'a record of this erasure is damaged')
  const { seqs, inc, ...said } = envelope.attrs
  const ranges = readRanges(seqs)
  const isOurs =
    envelope.type === 'subject.erased' && canonicalText(said) === canonicalText(saying(request))
  if (!isOurs || !ranges) throw new AppError('CONFLICT', 'another request has this id')
  const incarnation = typeof inc === 'string' ? inc : entry.incarnation
  return { receipt: receiptOf(organizationId, entry), incarnation, ranges }
}

/** What every record of the request says besides its list. */
function saying({ approvedBy, fields, legalBasis }: ErasureRequest): JsonObject {
  return {
    legal_basis: legalBasis,
    approved_by: approvedBy,
    ...(fields === undefined ? {} : { fields }),
  }
}

/**
 * Authorises the erasure of content of the pseudonym that no record of the request lists yet. Content
 * comes in order of writing, so it is what lies behind the end of the last list.
 *
 * Up to its `beginning`, which is the first record of the request: the person may go on writing under
 * this pseudonym, faster than lists can follow; and with `fields` nobody approved of erasing that. To
 * the `end` only once nothing more can come.
 */
export async function authorize(
  deps: ErasingDeps,
  tenant: TenantContext,
  request: ErasureRequest,
  pid: string,
  until: 'beginning' | 'end',
): Promise<readonly ErasingRecord[]> {
  const { organizationId } = tenant
  const records = [...(await readErasingRecords(deps.reader, organizationId, request))]
  for (;;) {
    const [first, last] = [records[0], records.at(-1)]
    const scope = {
      pid,
      fields: request.fields,
      after: last && endOf(last),
      before: until === 'beginning' ? first?.receipt : undefined,
    }
    const places = await deps.reader.contentPlaces(organizationId, scope, MAX_LISTED)
    const incarnation = places[0]?.incarnation
    if (incarnation === undefined) return records
    // A record speaks of one log; the rest is behind its end, and comes with the next page.
    const here = places.filter((place) => place.incarnation === incarnation)
    const ranges = toRanges(here.map(({ sequence }) => sequence))
    records.push(
      await appendRecord(deps, tenant, request, records.length, {
        incarnation,
        ranges,
      }),
    )
  }
}

function endOf({ incarnation, ranges }: ErasingRecord): Place {
  return { incarnation, sequence: ranges.at(-1)?.last ?? -1n }
}

async function appendRecord(
  { append, clock, reader, readDraft }: ErasingDeps,
  tenant: TenantContext,
  request: ErasureRequest,
  n: number,
  list: { readonly incarnation: string; readonly ranges: readonly SequenceRange[] },
): Promise<ErasingRecord> {
  const { organizationId } = tenant
  const head = await reader.head(organizationId)
  const attrs = {
    ...saying(request),
    seqs: writeRanges(list.ranges),
    ...(head?.incarnation === list.incarnation ? {} : { inc: list.incarnation }),
  }
  const draft = readDraft(organizationId, actorOf(tenant), {
    id: recordIdOf(request.id, n),
    type: 'subject.erased',
    occurredAt: formatMicros(clock.nowMicros()),
    ref: '',
    trace: '',
    attrsJson: JSON.stringify(attrs),
    content: [],
  })
  try {
    return { ...list, receipt: (await append(draft)).receipt }
  } catch (error) {
    if (AppError.from(error).reason !== 'CONFLICT') throw error
    // The same request at the same moment, or an earlier try of it that nobody heard of: its list holds.
    const entry = await reader.byId(organizationId, draft.id)
    if (!entry) throw error
    return readRecord(organizationId, entry, request)
  }
}
