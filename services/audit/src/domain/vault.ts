import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto'
import { commit, SALT_BYTES, uuidBytes } from '@lexcustis/evidence'
import type { ContentRow } from './ports.js'

const DATA_KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
const CIPHER = 'aes-256-gcm'
/** AES Key Wrap with its default initial value (RFC 3394, section 2.2.3.1). */
const WRAP = 'id-aes256-wrap'
const WRAP_IV = Buffer.alloc(8, 0xa6)

/** Where a value belongs; bound to the ciphertext, so that it cannot be moved. */
export interface ContentPlace {
  readonly organizationId: string
  readonly incarnation: string
  readonly sequence: bigint
  readonly field: string
}

export interface SealedContent extends Pick<ContentRow, 'salt' | 'nonce' | 'ciphertext'> {
  /** For the record. */
  readonly commitment: string
}

/** Commits to a value and encrypts it (AES-256-GCM). */
export function sealContent(dataKey: Buffer, place: ContentPlace, value: Buffer): SealedContent {
  const salt = randomBytes(SALT_BYTES)
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(CIPHER, dataKey, nonce).setAAD(boundTo(place))
  const ciphertext = Buffer.concat([cipher.update(value), cipher.final(), cipher.getAuthTag()])
  return { salt, nonce, ciphertext, commitment: commit(salt, value) }
}

/** The value, or undefined when it is not what was sealed at this place. */
export function openContent(
  dataKey: Buffer,
  place: ContentPlace,
  sealed: SealedContent,
): Buffer | undefined {
  const { ciphertext, nonce, salt, commitment } = sealed
  const value = decrypt(dataKey, nonce, boundTo(place), ciphertext)
  return value && commit(salt, value) === commitment ? value : undefined
}

function decrypt(key: Buffer, nonce: Buffer, aad: Buffer, ciphertext: Buffer): Buffer | undefined {
  const end = ciphertext.length - TAG_BYTES
  if (end < 0) return undefined
  try {
    const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
    decipher.setAAD(aad).setAuthTag(ciphertext.subarray(end))
    return Buffer.concat([decipher.update(ciphertext.subarray(0, end)), decipher.final()])
  } catch {
    return undefined
  }
}

function boundTo({ organizationId, incarnation, sequence, field }: ContentPlace): Buffer {
  const place = Buffer.allocUnsafe(8)
  place.writeBigUInt64BE(sequence)
  return Buffer.concat([
    uuidBytes(organizationId),
    uuidBytes(incarnation),
    place,
    Buffer.from(field),
  ])
}

export function createDataKey(): Buffer {
  return randomBytes(DATA_KEY_BYTES)
}

export function wrapKey(wrappingKey: KeyObject, dataKey: Buffer): Buffer {
  const cipher = createCipheriv(WRAP, wrappingKey, WRAP_IV)
  return Buffer.concat([cipher.update(dataKey), cipher.final()])
}

/** The data key, or undefined when it was not wrapped with this key. */
export function unwrapKey(wrappingKey: KeyObject, wrapped: Buffer): Buffer | undefined {
  try {
    const decipher = createDecipheriv(WRAP, wrappingKey, WRAP_IV)
    return Buffer.concat([decipher.update(wrapped), decipher.final()])
  } catch {
    return undefined
  }
}
