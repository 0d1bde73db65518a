import type { Receipt as ReceiptMessage, Record as RecordMessage } from '@lexcustis/proto/audit'
import type { Receipt } from '../domain/outcome.js'
import type { LogEntry } from '../domain/ports.js'

export function toReceiptMessage(receipt: Receipt): ReceiptMessage {
  const { organizationId, incarnation, sequence, id, leaf, recordedAt } = receipt
  // No checkpoint has been signed yet by any version of this service.
  const checkpointSize = 0n
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
