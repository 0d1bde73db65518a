import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import { AppError } from '@lexcustis/core'
import type { KeyPurpose, KeySealer } from '../domain/provider-choice.js'

/** Without the id of its sealing key. */
const FIRST_VERSION = 1
const VERSION = 2
const ID_BYTES = 8
const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
const HEAD_BYTES = NONCE_BYTES + TAG_BYTES
const WRAPPED_BYTES = HEAD_BYTES + KEY_BYTES
const CIPHER = 'aes-256-gcm'
const ID_LABEL = 'lexcustis.llm.sealing-key.v1'

interface Sealed {
  /** Keys that may have wrapped the data key. */
  readonly candidates: readonly Buffer[]
  readonly wrapped: Buffer
  readonly text: Buffer
}

/**
 * Envelope encryption with AES-256-GCM (NIST SP 800-38D): a data key of its own for each API key,
 * and only that one under the sealing key, so that a new sealing key needs no API key opened. Bytes:
 * version, id of the sealing key, wrapped data key, sealed text; each of the two is nonce, tag,
 * ciphertext, and authenticates the purpose.
 */
export class AesKeySealer implements KeySealer {
  /** How everything begins that is under the current sealing key. */
  readonly head: Buffer
  private readonly keys: ReadonlyMap<string, Buffer>

  /** Keys of 32 bytes; `previous` only open. */
  constructor(
    private readonly current: Buffer,
    previous: readonly Buffer[] = [],
  ) {
    this.head = Buffer.concat([Buffer.of(VERSION), idOf(current)])
    this.keys = new Map([current, ...previous].map((key) => [idOf(key).toString('hex'), key]))
  }

  seal(key: string, purpose: KeyPurpose): Buffer {
    const dataKey = randomBytes(KEY_BYTES)
    const context = toBytes(purpose)
    const text = encrypt(dataKey, Buffer.from(key, 'utf8'), context)
    return Buffer.concat([this.head, encrypt(this.current, dataKey, context), text])
  }

  open(sealed: Buffer, purpose: KeyPurpose): string {
    const context = toBytes(purpose)
    const { text, ...wrapped } = this.parse(sealed)
    const dataKey = unwrap(wrapped, context)
    try {
      return decrypt(dataKey, text, context).toString('utf8')
    } catch (error) {
      throw cannotOpen(error)
    }
  }

  rewrap(sealed: Buffer, purpose: KeyPurpose): Buffer | undefined {
    if (sealed.subarray(0, this.head.length).equals(this.head)) return undefined
    const context = toBytes(purpose)
    const { text, ...wrapped } = this.parse(sealed)
    const dataKey = unwrap(wrapped, context)
    return Buffer.concat([this.head, encrypt(this.current, dataKey, context), text])
  }

  private parse(sealed: Buffer): Sealed {
    const version = sealed[0]
    if (version !== FIRST_VERSION && version !== VERSION) throw cannotOpen()
    const from = version === VERSION ? 1 + ID_BYTES : 1
    const id = sealed.subarray(1, 1 + ID_BYTES).toString('hex')
    const known = this.keys.get(id)
    const candidates = version === FIRST_VERSION ? [...this.keys.values()] : known ? [known] : []
    if (candidates.length === 0) throw cannotOpen(undefined, ` ${id}`)
    const end = from + WRAPPED_BYTES
    return { candidates, wrapped: sealed.subarray(from, end), text: sealed.subarray(end) }
  }
}

function unwrap({ candidates, wrapped }: Omit<Sealed, 'text'>, context: Buffer): Buffer {
  let cause: unknown
  for (const key of candidates) {
    try {
      return decrypt(key, wrapped, context)
    } catch (error) {
      cause = error
    }
  }
  throw cannotOpen(cause)
}

/** Tells keys apart without telling anything about them. */
function idOf(key: Buffer): Buffer {
  return createHmac('sha256', key).update(ID_LABEL).digest().subarray(0, ID_BYTES)
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

/** The id of a sealing key tells operators which one to look for, and nobody anything about it. */
function cannotOpen(cause?: unknown, id = ''): AppError {
  const message =
    `the stored API key of the provider cannot be opened: its sealing key${id} is missing ` +
    '(LLM_SEALING_KEY_PREVIOUS_FILE); or set the API key again'
  return new AppError('UNAVAILABLE', message, { cause })
}
