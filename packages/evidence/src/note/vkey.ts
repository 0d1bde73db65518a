import { encodeUtf8, fromBase64, sha256, toBase64, toHex } from '#platform'
import { EvidenceError } from '../failure.js'
import { isStrongPoint, PUBLIC_KEY_BYTES } from './ed25519.js'

/** The public half of a key that signs notes (C2SP signed-note). */
export interface VerifierKey {
  /** Here always the first line of what it signs: `<origin>/<org>/<inc>`. */
  readonly name: string
  /** Eight hex digits. */
  readonly id: string
  /** 32 bytes, Ed25519. */
  readonly publicKey: Uint8Array
}

/** Signature type Ed25519 of C2SP signed-note. */
const ED25519 = 1
const ID_BYTES = 4
const NAME = /^[^\s+\p{C}]+$/u
const VKEY = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/

/** Whether a text can be the name of a key: not empty, no space, no plus, nothing invisible. */
export function isKeyName(name: string): boolean {
  return NAME.test(name)
}

/** SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key)[:4] in hex: the key id of C2SP signed-note. */
export function keyIdOf(name: string, publicKey: Uint8Array): string {
  const message = Uint8Array.of(...encodeUtf8(`${name}\n`), ED25519, ...publicKey)
  return toHex(sha256(message).subarray(0, ID_BYTES))
}

/** Throws EvidenceError `key_malformed`. */
export function createVerifierKey(name: string, publicKey: Uint8Array): VerifierKey {
  if (!isKeyName(name)) throw malformed('the name of a key has a space, a plus or nothing')
  if (!isStrongPoint(publicKey)) throw malformed('is not a public key of Ed25519')
  return { name, id: keyIdOf(name, publicKey), publicKey }
}

/** `<name>+<id>+<base64>`, as C2SP writes it. */
export function formatVkey({ name, id, publicKey }: VerifierKey): string {
  return `${name}+${id}+${toBase64(Uint8Array.of(ED25519, ...publicKey))}`
}

/** Reads what `formatVkey` writes. Throws EvidenceError `key_malformed`. */
export function readVkey(text: string): VerifierKey {
  const [, name = '', id, base64 = ''] = VKEY.exec(text) ?? []
  if (id === undefined) throw malformed('is not <name>+<id>+<key>')
  const bytes = fromBase64(base64)
  if (!bytes) throw malformed('the key is not canonical base64')
  if (bytes.length !== 1 + PUBLIC_KEY_BYTES || bytes[0] !== ED25519) {
    throw malformed('the key is not one of Ed25519')
  }
  const key = createVerifierKey(name, bytes.subarray(1))
  if (key.id !== id) throw malformed('the id is not the one of this name and key')
  return key
}

function malformed(detail: string): EvidenceError {
  return new EvidenceError('key_malformed', detail)
}
