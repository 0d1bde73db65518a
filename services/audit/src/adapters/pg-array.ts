// Arrays in PostgreSQL's binary format (array_send): a batch goes over as a few buffers, and bytes are
// not turned into hexadecimal text first, which would double them.

const HEADER_BYTES = 20
const NULL_LENGTH = -1

/** Type oids of pg_type.dat. */
const OID = { bytea: 17, int8: 20, text: 25, uuid: 2950 } as const

export function byteaArray(items: readonly Buffer[]): Buffer {
  return encode(OID.bytea, items)
}

export function textArray(items: readonly (string | undefined)[]): Buffer {
  return encode(
    OID.text,
    items.map((text) => (text === undefined ? undefined : Buffer.from(text))),
  )
}

export function uuidArray(items: readonly (string | undefined)[]): Buffer {
  return encode(
    OID.uuid,
    items.map((uuid) =>
      uuid === undefined ? undefined : Buffer.from(uuid.replaceAll('-', ''), 'hex'),
    ),
  )
}

export function int8Array(items: readonly bigint[]): Buffer {
  return encode(
    OID.int8,
    items.map((value) => {
      const bytes = Buffer.allocUnsafe(8)
      bytes.writeBigInt64BE(value)
      return bytes
    }),
  )
}

/** One dimension, counted from 1; undefined is NULL. */
function encode(oid: number, items: readonly (Buffer | undefined)[]): Buffer {
  const sizeBytes = items.reduce((sum, item) => sum + 4 + (item?.length ?? 0), HEADER_BYTES)
  const out = Buffer.allocUnsafe(sizeBytes)
  const header = [1, items.includes(undefined) ? 1 : 0, oid, items.length, 1]
  header.forEach((value, index) => out.writeInt32BE(value, index * 4))
  let at = HEADER_BYTES
  for (const item of items) {
    at = out.writeInt32BE(item?.length ?? NULL_LENGTH, at)
    if (item) at += item.copy(out, at)
  }
  return out
}
