import { createHash } from 'node:crypto'
import { uuidBytes } from '@lexcustis/core'

/**
 * Id of the n-th record of a request, from 0, so that the same request again finds what it wrote: the
 * request's own id, then its time with bits of a hash behind it, in the form of a UUIDv7 (RFC 9562,
 * section 5.7).
 */
export function recordIdOf(requestId: string, n: number): string {
  if (n === 0) return requestId
  const request = uuidBytes(requestId)
  const place = Buffer.alloc(4)
  place.writeUInt32BE(n)
  const id = createHash('sha256')
    .update('lexcustis/erasure-record/v1\0')
    .update(request)
    .update(place)
    .digest()
    .subarray(0, 16)
  request.copy(id, 0, 0, 6)
  id.writeUInt8(0x70 | (id.readUInt8(6) & 0x0f), 6)
  id.writeUInt8(0x80 | (id.readUInt8(8) & 0x3f), 8)
  const hex = id.toString('hex')
  return [0, 8, 12, 16, 20].map((at, i, all) => hex.slice(at, all[i + 1] ?? 32)).join('-')
}
