import { createHash } from 'node:crypto'
import { uuidBytes } from '@lexcustis/core'

/**
 * Id of a record that a policy leads to, so that whoever does the same again finds it: the time of the
 * policy's own record with bits of a hash behind it, in the form of a UUIDv7 (RFC 9562, section 5.7).
 */
export function derivedId(
  approvedBy: string,
  purpose: 'expire' | 'prune',
  incarnation: string,
  sequence: bigint,
): string {
  const approved = uuidBytes(approvedBy)
  const place = Buffer.alloc(8)
  place.writeBigUInt64BE(sequence)
  const id = createHash('sha256')
    .update(`lexcustis/retention-record/v1\0${purpose}\0`)
    .update(approved)
    .update(uuidBytes(incarnation))
    .update(place)
    .digest()
    .subarray(0, 16)
  approved.copy(id, 0, 0, 6)
  id.writeUInt8(0x70 | (id.readUInt8(6) & 0x0f), 6)
  id.writeUInt8(0x80 | (id.readUInt8(8) & 0x3f), 8)
  const hex = id.toString('hex')
  return [0, 8, 12, 16, 20].map((at, i, all) => hex.slice(at, all[i + 1] ?? 32)).join('-')
}
