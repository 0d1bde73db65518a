import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, type JSONWebKeySet, type JWK } from 'jose'

/** 32 random bytes in base64: the master key of the log, the key that seals provider keys. */
export function createSecretKey(): string {
  return randomBytes(32).toString('base64')
}

/** URL-safe, 192 bits. */
export function createPassword(): string {
  return randomBytes(24).toString('base64url')
}

/** A private Ed25519 key (RFC 8037) with its own key id. */
export async function createSigningKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true })
  return { ...(await exportJWK(privateKey)), kid: randomUUID(), alg: 'EdDSA', use: 'sig' }
}

/** A private Ed25519 key as PKCS #8 in PEM: what signs the checkpoints of the log. */
export function createCheckpointKey(): string {
  const { privateKey } = generateKeyPairSync('ed25519')
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString().trim()
}

/** The public halves, for whoever verifies. */
export function publicKeys(...privateKeys: readonly JWK[]): JSONWebKeySet {
  return {
    keys: privateKeys.map(({ d: _, ...rest }) => rest),
  }
}
