import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { createSigningKey, type SigningKey } from '../domain/signing-keys.js'
import { KeyProblem } from './key-file.js'

/** One block and nothing else: a certificate or a second key beside it would be ignored. */
const PKCS8 = /^-----BEGIN PRIVATE KEY-----\r?\n[A-Za-z0-9+/=\r\n]+-----END PRIVATE KEY-----$/

/** Reads PKCS#8 in PEM (RFC 7468, section 10; RFC 8410). Throws KeyProblem, which quotes nothing. */
export function readSigningKey(text: string): SigningKey {
  if (!PKCS8.test(text))
    throw new KeyProblem('is not one private key in PEM (PKCS #8, not encrypted)')
  try {
    return createSigningKey(createPrivateKey({ key: text, format: 'pem', type: 'pkcs8' }))
  } catch {
    // OpenSSL's message may say what it found; which key it was is nobody's business.
    throw new KeyProblem('is not a private Ed25519 key')
  }
}

/** A new key as PEM, and its public half. */
export function generateSigningKey(): { readonly pem: string; readonly publicKey: Buffer } {
  const { privateKey } = generateKeyPairSync('ed25519')
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return { pem, publicKey: createSigningKey(privateKey).publicKey }
}
