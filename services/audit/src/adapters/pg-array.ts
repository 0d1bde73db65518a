// Arrays in PostgreSQL's binary format (array_send): a batch goes over as a few buffers, and bytes are
// not turned into hexadecimal text first, which would double them.

const HEADER_BYTES = 20
const LENGTH_BYTES = 4
const NULL_LENGTH = -1
const UUID_BYTES = 16
const INT8_BYTES = 8

/** Type oids of pg_type.dat. */
const OID = { bytea: 17, int8: 20, text: 25, uuid: 2950 } as const

export function byteaArray(items: readonly Buffer[]): Buffer {
  const sizeBytes = items.reduce((sum, item) => sum + item.length, 0)
  return encode(OID.bytea, items, sizeBytes, (item, out, at) => {
    out.set(item, at)
    return item.length
  })
}

export function textArray(items: readonly (string | undefined)[]): Buffer {
  const sizeBytes = items.reduce(
    (sum, item) => sum + (item === undefined ? 0 : Buffer.byteLength(item)),
    0,
  )
  return encode(OID.text, items, sizeBytes, (item, out, at) => out.write(item, at))
}

export function uuidArray(items: readonly (string | undefined)[]): Buffer {
  return encode(OID.uuid, items, items.length * UUID_BYTES, writeUuid)
}

/** Value of a hexadecimal digit by its character code. */
const DIGITS = new Uint8Array(128)
for (let digit = 0; digit < 16; digit += 1) {
  DIGITS[digit.toString(16).charCodeAt(0)] = digit
  DIGITS[digit.toString(16).toUpperCase().charCodeAt(0)] = digit
}
const HYPHEN = 0x2d

/** By hand: there are two for each record, and a replace and a decode cost ten times as much. */
function writeUuid(uuid: string, out: Buffer, at: number): number {
  let to = at
  for (let from = 0; from < uuid.length; from += 2) {
    if (uuid.charCodeAt(from) === HYPHEN) from += 1
    const high = DIGITS[uuid.charCodeAt(from)] ?? 0
    out[to] = (high << 4) | (DIGITS[uuid.charCodeAt(from + 1)] ?? 0)
    to += 1
  }
  return to - at
}

export function int8Array(items: readonly bigint[]): Buffer {
  return encode(
    OID.int8,
    items,
    items.length * INT8_BYTES,
    (item, out, at) => out.writeBigInt64BE(item, at) - at,
  )
}

/**
 * One dimension, counted from 1; undefined is NULL. `sizeBytes`: at most what `write` writes of all
 * items; it says how many bytes of one.
 */
function encode<T>(
  oid: number,
  items: readonly (T | undefined)[],
  sizeBytes: number,
  write: (item: T, out: Buffer, at: number) => number,
): Buffer {
  const out = Buffer.allocUnsafe(HEADER_BYTES + items.length * LENGTH_BYTES + sizeBytes)
  const header = [1, items.includes(undefined) ? 1 : 0, oid, items.length, 1]
  header.forEach((value, index) => out.writeInt32BE(value, index * LENGTH_BYTES))
  let at = HEADER_BYTES
  for (const item of items) {
    const length = item === undefined ? NULL_LENGTH : write(item, out, at + LENGTH_BYTES)
    out.writeInt32BE(length, at)
    at += LENGTH_BYTES + Math.max(0, length)
  }
  return out.subarray(0, at)
}
