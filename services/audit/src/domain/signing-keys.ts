import { createPublicKey, type KeyObject, sign } from 'node:crypto'

/** Raw bytes of an Ed25519 public key (RFC 8032, section 5.1.5). */
const PUBLIC_KEY_BYTES = 32

/** An Ed25519 key that signs checkpoints and manifests, and nothing else (SPEC.md, section 4). */
export interface SigningKey {
  /** 32 bytes (RFC 8032, section 5.1.5). */
  readonly publicKey: Buffer
  /** 64 bytes (RFC 8032, section 5.1.6). */
  sign(message: Uint8Array): Buffer
}

/** During a rotation both sign, so that whoever knows one of them can check every checkpoint. */
export interface SigningKeys {
  readonly current: SigningKey
  readonly previous: SigningKey | undefined
}

/** Throws TypeError for anything but a private Ed25519 key. */
export function createSigningKey(privateKey: KeyObject): SigningKey {
  if (privateKey.type !== 'private' || privateKey.asymmetricKeyType !== 'ed25519') {
    throw new TypeError('the signing key is not a private Ed25519 key')
  }
  return {
    publicKey: rawPublicKey(privateKey),
    sign: (message) => sign(null, message, privateKey),
  }
}

/** Throws TypeError when both are the same key. */
export function createSigningKeys(current: SigningKey, previous?: SigningKey): SigningKeys {
  if (previous && current.publicKey.equals(previous.publicKey)) {
    throw new TypeError('the previous signing key is the current one')
  }
  return { current, previous }
}

/** Of a SubjectPublicKeyInfo (RFC 8410, section 4) the key is what comes last. */
function rawPublicKey(privateKey: KeyObject): Buffer {
  const der = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
  return Buffer.from(der.subarray(-PUBLIC_KEY_BYTES))
}
