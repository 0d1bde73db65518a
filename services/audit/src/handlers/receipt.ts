import type { Receipt as ReceiptMessage, Record as RecordMessage } from '@lexcustis/proto/audit'
import type { Receipt } from '../domain/outcome.js'
import type { LogEntry } from '../domain/ports.js'

/** `checkpointSize`: of the newest checkpoint of the record's log; 0 before the first. */
export function toReceiptMessage(receipt: Receipt, checkpointSize: bigint): ReceiptMessage {
  const { organizationId, incarnation, sequence, id, leaf, recordedAt } = receipt
  return {
    organizationId,
    incarnation,
    sequence,
    entryId: id,
    entryHash: leaf,
    recordedAt,
    checkpointSize,
  }
}

export function toRecordMessage(entry: LogEntry): RecordMessage {
  const { incarnation, sequence, canonical, leaf, mac, projection } = entry
  return { sequence, id: projection.id, incarnation, canonical, leaf, mac }
}
