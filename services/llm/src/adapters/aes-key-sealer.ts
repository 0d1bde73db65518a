import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { AppError } from '@lexcustis/core'
import type { KeyPurpose, KeySealer } from '../domain/provider-choice.js'

const VERSION = 1
const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
const HEAD_BYTES = NONCE_BYTES + TAG_BYTES
const WRAPPED_BYTES = HEAD_BYTES + KEY_BYTES
const CIPHER = 'aes-256-gcm'

/**
 * Envelope encryption with AES-256-GCM (NIST SP 800-38D): a data key of its own for each API key,
 * and only that one under the sealing key. Bytes: version, wrapped data key, sealed text; each part
 * is nonce, tag, ciphertext, and authenticates the purpose.
 */
export class AesKeySealer implements KeySealer {
  /** `sealingKey`: 32 bytes. */
  constructor(private readonly sealingKey: Buffer) {}

  seal(key: string, purpose: KeyPurpose): Buffer {
    const dataKey = randomBytes(KEY_BYTES)
    const context = toBytes(purpose)
    return Buffer.concat([
      Buffer.of(VERSION),
      encrypt(this.sealingKey, dataKey, context),
      encrypt(dataKey, Buffer.from(key, 'utf8'), context),
    ])
  }

  open(sealed: Buffer, purpose: KeyPurpose): string {
    if (sealed[0] !== VERSION) throw cannotOpen()
    const context = toBytes(purpose)
    const wrapped = sealed.subarray(1, 1 + WRAPPED_BYTES)
    try {
      const dataKey = decrypt(this.sealingKey, wrapped, context)
      return decrypt(dataKey, sealed.subarray(1 + WRAPPED_BYTES), context).toString('utf8')
    } catch (error) {
      throw cannotOpen(error)
    }
  }
}

function encrypt(key: Buffer, plain: Buffer, context: Buffer): Buffer {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(context)
  const text = Buffer.concat([cipher.update(plain), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), text])
}

function decrypt(key: Buffer, sealed: Buffer, context: Buffer): Buffer {
  const nonce = sealed.subarray(0, NONCE_BYTES)
  const tag = sealed.subarray(NONCE_BYTES, HEAD_BYTES)
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
    .setAAD(context)
    .setAuthTag(tag)
  return Buffer.concat([decipher.update(sealed.subarray(HEAD_BYTES)), decipher.final()])
}

function toBytes({ organizationId, kind, baseUrl }: KeyPurpose): Buffer {
  return Buffer.from(JSON.stringify(['lexcustis.llm.api-key.v1', organizationId, kind, baseUrl]))
}

function cannotOpen(cause?: unknown): AppError {
  return new AppError(
    'UNAVAILABLE',
    'the stored API key of the provider cannot be opened; set the key again',
    { cause },
  )
}
