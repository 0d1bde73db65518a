import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto'

const SECRET_BYTES = 32
const PREFIX_LENGTH = 12
const PREFIX_ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789'

export function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** A random bearer secret and what is stored of it. */
export interface Secret {
  readonly text: string
  readonly sha256: Buffer
}

/** 256 random bits; stored as their SHA-256. */
export function createRefreshToken(): Secret {
  const text = `lcr_${randomBytes(SECRET_BYTES).toString('base64url')}`
  return { text, sha256: sha256(text) }
}

/** `lc_<prefix>_<secret>`: the prefix finds the key and may be shown, the secret proves it. */
export function createApiKeySecret(): Secret & { readonly prefix: string } {
  const letters = Array.from({ length: PREFIX_LENGTH }, () =>
    PREFIX_ALPHABET.charAt(randomInt(PREFIX_ALPHABET.length)),
  )
  const prefix = `lc_${letters.join('')}`
  const secret = randomBytes(SECRET_BYTES).toString('base64url')
  return { text: `${prefix}_${secret}`, prefix, sha256: sha256(secret) }
}

const API_KEY = /^(lc_[a-z0-9]{12})_([A-Za-z0-9_-]{43})$/

/** The two parts of a key, or undefined when it is not shaped like one. */
export function parseApiKey(text: string): { prefix: string; secret: string } | undefined {
  const [, prefix, secret] = API_KEY.exec(text) ?? []
  return prefix && secret ? { prefix, secret } : undefined
}

/** In constant time. */
export function isSecret(secret: string, expectedSha256: Uint8Array): boolean {
  return timingSafeEqual(sha256(secret), expectedSha256)
}
