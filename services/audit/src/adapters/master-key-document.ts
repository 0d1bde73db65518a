import { EvidenceError, type JsonValue, readStrictJson } from '@lexcustis/evidence'
import { createEpoch, type Epoch, FIRST_KID, isKid } from '../domain/master-keys.js'
import { KeyProblem } from './key-file.js'

/** What a key file holds: keys in the clear, or what Vault made of them. */
export type KeyForm = 'plain' | 'vault'

/** `{"current": "mac-2", "keys": {"mac-1": "…", "mac-2": "…"}}` */
export interface MasterKeyDocument {
  readonly current: string
  /** Key id → base64 of 32 bytes, or a ciphertext of Vault's transit engine. */
  readonly keys: ReadonlyMap<string, string>
}

const KEY_BYTES = 32
const PLAIN = /^[A-Za-z0-9+/]{43}=$/
/** vault:v<version of the transit key>:<base64> */
const CIPHERTEXT = /^vault:v[1-9]\d{0,8}:[A-Za-z0-9+/]{16,2048}={0,2}$/

/**
 * Reads a document, or one base64 key alone, which is mac-1. Strict: what is not understood is
 * refused. Throws KeyProblem, which names places and never quotes.
 */
export function readMasterKeyDocument(text: string, form: KeyForm): MasterKeyDocument {
  if (!text.startsWith('{')) {
    assertKey(text, form, 'what it holds')
    return { current: FIRST_KID, keys: new Map([[FIRST_KID, text]]) }
  }
  const { current, keys, ...others } = asObject(parse(text), 'what it holds')
  if (Object.keys(others).length > 0) throw new KeyProblem('has members beside current and keys')
  const entries = Object.entries(asObject(keys, 'keys'))
  for (const [kid, key] of entries) {
    if (!isKid(kid)) throw new KeyProblem('names a key otherwise than mac-1, mac-2, …')
    assertKey(key, form, kid)
  }
  if (typeof current !== 'string' || !entries.some(([kid]) => kid === current)) {
    throw new KeyProblem('does not say with current which of its keys is in use')
  }
  return { current, keys: new Map(entries as [string, string][]) }
}

/** For a file: keys in the order of their numbers. */
export function formatMasterKeyDocument({ current, keys }: MasterKeyDocument): string {
  const sorted = [...keys].sort(([a], [b]) => Number(a.slice(4)) - Number(b.slice(4)))
  return `${JSON.stringify({ current, keys: Object.fromEntries(sorted) }, undefined, 2)}\n`
}

/** The epochs of keys in the clear. Throws KeyProblem when two of them are the same. */
export function toEpochs(
  { current, keys }: MasterKeyDocument,
  open: (key: string, kid: string) => Buffer = (key) => Buffer.from(key, 'base64'),
): readonly Epoch[] {
  const epochs: Epoch[] = []
  for (const [kid, text] of keys) {
    const epoch = createEpoch(kid, open(text, kid), kid === current ? 'current' : 'verify_only')
    const twin = epochs.find(({ key }) => key.equals(epoch.key))
    if (twin) throw new KeyProblem(`has the same key as ${twin.kid} and ${kid}`)
    epochs.push(epoch)
  }
  return epochs
}

/** The 32 bytes of canonical base64, unless a person made them up. Throws KeyProblem. */
export function readPlainKey(text: unknown, place: string): Buffer {
  if (typeof text !== 'string' || !PLAIN.test(text)) {
    throw new KeyProblem(`is wrong: ${place} is not ${KEY_BYTES} bytes in base64`)
  }
  const key = Buffer.from(text, 'base64')
  if (key.toString('base64') !== text) {
    throw new KeyProblem(`is wrong: ${place} is not ${KEY_BYTES} bytes in base64`)
  }
  if (key.every((byte) => byte === key[0])) {
    throw new KeyProblem(`is wrong: ${place} is a placeholder, not random bytes`)
  }
  return key
}

function assertKey(key: unknown, form: KeyForm, place: string): void {
  const isCiphertext = typeof key === 'string' && key.startsWith('vault:')
  if (form === 'plain') {
    if (isCiphertext) throw new KeyProblem(`is wrong: ${place} is encrypted by Vault`)
    readPlainKey(key, place)
    return
  }
  if (!isCiphertext) throw new KeyProblem(`is wrong: ${place} is not encrypted by Vault`)
  if (!CIPHERTEXT.test(key)) throw new KeyProblem(`is wrong: ${place} is no ciphertext of Vault`)
}

function parse(text: string): JsonValue {
  try {
    return readStrictJson(text)
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error
    throw new KeyProblem('is not JSON, or says something twice')
  }
}

function asObject(value: JsonValue | undefined, place: string): Record<string, JsonValue> {
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new KeyProblem(`is wrong: ${place} is not an object`)
  }
  return value as Record<string, JsonValue>
}
