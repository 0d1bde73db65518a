import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
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
  const prefix = Buffer.concat([MAC_LABEL, uuidBytes(org)])
  const place = Buffer.allocUnsafe(8)
  return (sequence, previous, leaf) => {
    place.writeBigUInt64BE(sequence)
    const message = Buffer.concat([prefix, place, previous, leaf])
    return createHmac('sha256', key).update(message).digest()
  }
}

/** The 16 bytes of a UUID (RFC 9562). */
export function uuidBytes(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex')
}
