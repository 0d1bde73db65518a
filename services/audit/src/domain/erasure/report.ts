import { formatMicros, parseMicros } from '@lexcustis/core'
import type { Receipt } from '../outcome.js'
import { envelopeOf } from '../same-record.js'
import type { ErasingRecord } from './erasing-records.js'
import { findHolds } from './holds.js'
import type { ErasureReader, Place } from './ports.js'
import { countIn } from './ranges.js'
import { allOfType, textOf } from './records-of-type.js'
import type { ErasureRequest } from './request.js'

/** A bundle of the log that was given out. */
export interface ExportedCopy extends Place {
  readonly recordedAt: string
}

export interface ErasureReport {
  /** Of the subject.erased records, in order; none in a dry run. */
  readonly receipts: readonly Receipt[]
  readonly erasedRecords: bigint
  readonly erasedFields: bigint
  readonly isDryRun: boolean
  /** Open incidents that hold records; of a dry run only. */
  readonly heldBy: readonly string[]
  /** Documents that the person added and nobody removed. */
  readonly documents: readonly string[]
  /** Bundles made after the first of the records was. */
  readonly copies: readonly ExportedCopy[]
  /** When the last backup with the content has expired; undefined in a dry run. */
  readonly completeAfter: string | undefined
}

const DAY_MICROS = 86_400_000_000n

export interface ReportDeps {
  readonly reader: ErasureReader
  /** 0: there are no backups. */
  readonly backupRetentionDays: number
}

/** What would be erased now, and what refuses it. */
export async function preview(
  { reader }: ReportDeps,
  organizationId: string,
  pid: string,
  { fields }: ErasureRequest,
): Promise<ErasureReport> {
  const scope = { pid, fields }
  const count = await reader.countContent(organizationId, scope)
  return {
    receipts: [],
    erasedRecords: count.records,
    erasedFields: count.fields,
    isDryRun: true,
    heldBy: await findHolds(reader, organizationId, scope),
    documents: await documentsOf(reader, organizationId, pid),
    copies: count.oldest ? await copiesSince(reader, organizationId, count.oldest) : [],
    completeAfter: undefined,
  }
}

/** Read from the records alone, so that whoever asks again gets the same answer. */
export async function report(
  { reader, backupRetentionDays }: ReportDeps,
  organizationId: string,
  pid: string,
  request: ErasureRequest,
  records: readonly ErasingRecord[],
  nowMicros: bigint,
): Promise<ErasureReport> {
  const [first] = records
  const oldest = first?.ranges[0] && {
    incarnation: first.incarnation,
    sequence: first.ranges[0].first,
  }
  const recordedAt = records.at(-1)?.receipt.recordedAt
  const erasedMicros = (recordedAt && parseMicros(recordedAt)) || nowMicros
  return {
    receipts: records.map(({ receipt }) => receipt),
    erasedRecords: records.reduce((sum, { ranges }) => sum + countIn(ranges), 0n),
    erasedFields: await countFields(reader, organizationId, request, records),
    isDryRun: false,
    heldBy: [],
    documents: await documentsOf(reader, organizationId, pid),
    copies: oldest ? await copiesSince(reader, organizationId, oldest) : [],
    completeAfter: formatMicros(erasedMicros + BigInt(backupRetentionDays) * DAY_MICROS),
  }
}

async function countFields(
  reader: ErasureReader,
  organizationId: string,
  { fields }: ErasureRequest,
  records: readonly ErasingRecord[],
): Promise<bigint> {
  let count = 0
  for (const { incarnation, ranges } of records) {
    for (const canonical of await reader.canonicals(organizationId, incarnation, ranges)) {
      const committed = Object.keys(envelopeOf({ canonical })?.commitments ?? {})
      const counted = committed.filter((field) => !fields || fields.some((name) => name === field))
      count += counted.length
    }
  }
  return BigInt(count)
}

/** The documents' own service does not know who added them; the log does. */
async function documentsOf(
  reader: ErasureReader,
  organizationId: string,
  pid: string,
): Promise<readonly string[]> {
  const added = new Set<string>()
  for await (const entry of allOfType(reader, organizationId, 'document.ingested')) {
    const envelope = envelopeOf(entry)
    if (envelope?.actor.pid === pid) added.add(textOf(envelope.attrs, 'document'))
  }
  if (added.size === 0) return []
  for await (const entry of allOfType(reader, organizationId, 'document.deleted')) {
    added.delete(textOf(envelopeOf(entry)?.attrs, 'document'))
  }
  return [...added]
}

async function copiesSince(
  reader: ErasureReader,
  organizationId: string,
  oldest: Place,
): Promise<readonly ExportedCopy[]> {
  const copies: ExportedCopy[] = []
  for await (const entry of allOfType(reader, organizationId, 'dossier.exported', oldest)) {
    const { incarnation, sequence, projection } = entry
    copies.push({ incarnation, sequence, recordedAt: projection.recordedAt })
  }
  return copies
}
