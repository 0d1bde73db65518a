import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import { sha256Shared } from '#platform'
import { HASH_BYTES } from './merkle/hash.js'

const MAC_LABEL = Buffer.from('lexcustis/audit-mac/v1\0')
const GENESIS_LABEL = Buffer.from('lexcustis/genesis/v1\0')

export interface ChainKeyOptions {
  /** 32 bytes. */
  readonly master: Uint8Array
  readonly kid: string
  readonly org: string
  readonly inc: string
}

/** K_org: the key of one incarnation of one organisation (HKDF-SHA-256, RFC 5869). */
export function deriveChainKey({ master, kid, org, inc }: ChainKeyOptions): KeyObject {
  const info = `lexcustis/audit/v1/${kid}/${inc}`
  return createSecretKey(Buffer.from(hkdfSync('sha256', master, uuidBytes(org), info, HASH_BYTES)))
}

/** What stands for the MAC before sequence 0. */
export function genesisMac(key: KeyObject, org: string, inc: string): Buffer {
  return createHmac('sha256', key)
    .update(GENESIS_LABEL)
    .update(uuidBytes(org))
    .update(uuidBytes(inc))
    .digest()
}

/** MAC of a record at a place, after the record before it. */
export type RecordMac = (
  sequence: bigint,
  /** Stored MAC of the record before, or `genesisMac`. */
  previous: Uint8Array,
  leaf: Uint8Array,
) => Buffer

/** The MAC function of one chain: what is the same for all its records is prepared once. */
export function createRecordMac(key: KeyObject, org: string): RecordMac {
  const { inner, outer } = createPads(key.export())
  const prefix = Buffer.concat([inner, MAC_LABEL, uuidBytes(org)])
  const placeAt = prefix.length
  const previousAt = placeAt + 8
  const usual = Buffer.concat([prefix, Buffer.alloc(8 + 2 * HASH_BYTES)])
  return (sequence, previous, leaf) => {
    const leafAt = previousAt + previous.length
    const sizeBytes = leafAt + leaf.length
    // A stored MAC that was tampered with may have any length.
    const message = sizeBytes === usual.length ? usual : Buffer.concat([prefix], sizeBytes)
    message.writeBigUInt64BE(sequence, placeAt)
    message.set(previous, previousAt)
    message.set(leaf, leafAt)
    outer.set(sha256Shared(message), BLOCK_BYTES)
    return sha256Shared(outer)
  }
}

const BLOCK_BYTES = 64
const INNER = 0x36
const OUTER = 0x5c

/**
 * HMAC-SHA-256 is SHA-256 twice, each time behind the key in a block of its own (RFC 2104, section 2).
 * Two plain hashes are twice as fast as an HMAC object, and a verifier makes one per record.
 * `outer` has room for the inner hash.
 */
function createPads(key: Uint8Array): { readonly inner: Buffer; readonly outer: Buffer } {
  if (key.length > BLOCK_BYTES) throw new RangeError('a chain key is not longer than a block')
  const inner = Buffer.alloc(BLOCK_BYTES, INNER)
  const outer = Buffer.alloc(BLOCK_BYTES + HASH_BYTES, OUTER)
  key.forEach((byte, index) => {
    inner[index] = byte ^ INNER
    outer[index] = byte ^ OUTER
  })
  return { inner, outer }
}

/** The 16 bytes of a UUID (RFC 9562). */
export function uuidBytes(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex')
}
