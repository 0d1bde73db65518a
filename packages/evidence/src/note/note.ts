import { encodeUtf8, fromBase64, toBase64, toHex } from '#platform'
import { EvidenceError, type FailureCode } from '../failure.js'
import { verifyEd25519 } from './ed25519.js'
import { isKeyName, type VerifierKey } from './vkey.js'

/** A C2SP signed note that has been read and not verified. */
export interface Note {
  /** What is signed, with its last line feed. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

export interface NoteSignature {
  readonly name: string
  /** Eight hex digits. */
  readonly keyId: string
  readonly signature: Uint8Array
}

/** Something that signs notes under a name. */
export interface NoteSigner extends VerifierKey {
  /** Ed25519 over the bytes: 64 bytes. */
  readonly sign: (message: Uint8Array) => Uint8Array
}

export interface VerifiedNote {
  /** Given keys whose signature is good; never empty. */
  readonly signedBy: readonly VerifierKey[]
  /** Signature lines of keys that were not given. */
  readonly unknown: number
}

const SIGNATURE = /^— ([^ ]+) ([A-Za-z0-9+/]+={0,2})$/
const KEY_ID_BYTES = 4
const MAX_NOTE_LENGTH = 1_000_000
const CONTROL = /[^\P{Cc}\n]/u

/** The note and one signature line per signer, in the order given. */
export function signNote(text: string, signers: readonly NoteSigner[]): string {
  const message = encodeUtf8(text)
  const lines = signers.map(({ name, id, sign }) => {
    const keyId = id.match(/../g)?.map((byte) => Number.parseInt(byte, 16)) ?? []
    return `— ${name} ${toBase64(Uint8Array.of(...keyId, ...sign(message)))}\n`
  })
  return `${text}\n${lines.join('')}`
}

/** Reads a note (C2SP signed-note). Throws EvidenceError with `code`. */
export function readNote(note: string, code: FailureCode = 'checkpoint_malformed'): Note {
  const fail = (detail: string): EvidenceError => new EvidenceError(code, detail)
  if (note.length > MAX_NOTE_LENGTH) throw fail('is too large for a note')
  if (CONTROL.test(note) || /\p{Surrogate}/u.test(note)) throw fail('has a control character')
  const split = note.lastIndexOf('\n\n')
  if (split < 0) throw fail('has no blank line before its signatures')
  if (!note.endsWith('\n')) throw fail('does not end with a line feed')
  const lines = note.slice(split + 2, -1).split('\n')
  const signatures = lines.map((line) => {
    const signature = readSignature(line)
    if (!signature) throw fail('has a line among its signatures that is none')
    return signature
  })
  return { text: note.slice(0, split + 1), signatures }
}

function readSignature(line: string): NoteSignature | undefined {
  const [, name = '', base64 = ''] = SIGNATURE.exec(line) ?? []
  const bytes = fromBase64(base64)
  if (!isKeyName(name) || !bytes || bytes.length <= KEY_ID_BYTES) return undefined
  return {
    name,
    keyId: toHex(bytes.subarray(0, KEY_ID_BYTES)),
    signature: bytes.subarray(KEY_ID_BYTES),
  }
}

/**
 * Who of the given keys signed the note. Lines of other keys are ignored and counted. Throws
 * EvidenceError with `code` when a line of a given key does not hold, or when there is none.
 */
export async function verifyNote(
  { text, signatures }: Note,
  keys: readonly VerifierKey[],
  code: FailureCode = 'checkpoint_signature',
): Promise<VerifiedNote> {
  const message = encodeUtf8(text)
  const signedBy: VerifierKey[] = []
  let unknown = 0
  for (const { name, keyId, signature } of signatures) {
    const key = keys.find((given) => given.name === name && given.id === keyId)
    if (!key) {
      unknown += 1
      continue
    }
    if (!(await verifyEd25519(key.publicKey, message, signature))) {
      throw new EvidenceError(code, 'a signature by a given key does not hold')
    }
    if (!signedBy.includes(key)) signedBy.push(key)
  }
  if (signedBy.length === 0) throw new EvidenceError(code, 'is not signed by a given key')
  return { signedBy, unknown }
}
