import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { AppError } from '@lexcustis/core'
import type { KeyPurpose, KeySealer } from '../domain/provider-choice.js'

const VERSION = 1
const NONCE_BYTES = 12
const TAG_BYTES = 16
const HEAD_BYTES = 1 + NONCE_BYTES + TAG_BYTES
const CIPHER = 'aes-256-gcm'

/** AES-256-GCM (NIST SP 800-38D): version, nonce, tag, ciphertext; the purpose is authenticated. */
export class AesKeySealer implements KeySealer {
  /** `sealingKey`: 32 bytes. */
  constructor(private readonly sealingKey: Buffer) {}

  seal(key: string, purpose: KeyPurpose): Buffer {
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv(CIPHER, this.sealingKey, nonce).setAAD(toBytes(purpose))
    const text = Buffer.concat([cipher.update(key, 'utf8'), cipher.final()])
    return Buffer.concat([Buffer.of(VERSION), nonce, cipher.getAuthTag(), text])
  }

  open(sealed: Buffer, purpose: KeyPurpose): string {
    if (sealed[0] !== VERSION || sealed.length <= HEAD_BYTES) throw cannotOpen()
    const nonce = sealed.subarray(1, 1 + NONCE_BYTES)
    const tag = sealed.subarray(1 + NONCE_BYTES, HEAD_BYTES)
    const decipher = createDecipheriv(CIPHER, this.sealingKey, nonce, { authTagLength: TAG_BYTES })
      .setAAD(toBytes(purpose))
      .setAuthTag(tag)
    try {
      return (
        decipher.update(sealed.subarray(HEAD_BYTES), undefined, 'utf8') + decipher.final('utf8')
      )
    } catch (error) {
      throw cannotOpen(error)
    }
  }
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
