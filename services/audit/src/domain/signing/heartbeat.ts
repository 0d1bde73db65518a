import { createHash } from 'node:crypto'
import { formatMicros, parseMicros } from '@lexcustis/core'
import type { AppendInput } from '../draft.js'
import type { LogHead } from './ports.js'

const HOUR_MICROS = 3_600_000_000n

/** When a log that ends with this record is due to say that nothing happened. */
export function heartbeatDueMicros({ recordedAt }: Pick<LogHead, 'recordedAt'>): bigint {
  return (parseMicros(recordedAt) ?? 0n) + HOUR_MICROS
}

/**
 * The heartbeat after this record. It follows from the record alone, so replicas that notice the
 * silence at once write the same one, and only one of them is kept.
 */
export function heartbeatInput(head: LogHead): AppendInput {
  const due = heartbeatDueMicros(head)
  return {
    id: idOf(head, due),
    type: 'chain.heartbeat',
    occurredAt: formatMicros(due),
    ref: '',
    trace: '',
    attrsJson: '{}',
    content: [],
  }
}

/** A UUIDv7 (RFC 9562) of that time whose random part is derived from the place. */
function idOf({ organizationId, incarnation, sequence }: LogHead, dueMicros: bigint): string {
  const digest = createHash('sha256')
    .update(`lexcustis/heartbeat/${organizationId}/${incarnation}/${sequence}`)
    .digest()
  const bytes = Buffer.concat([Buffer.alloc(6), digest.subarray(0, 10)])
  bytes.writeUIntBE(Number(dueMicros / 1_000n), 0, 6)
  bytes.writeUInt8(0x70 | (bytes.readUInt8(6) & 0x0f), 6)
  bytes.writeUInt8(0x80 | (bytes.readUInt8(8) & 0x3f), 8)
  const hex = bytes.toString('hex')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
