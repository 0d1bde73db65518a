import { hash, verify } from '@node-rs/argon2'
import type { Passwords } from '../domain/identity/sign-in.js'

/** OWASP Password Storage Cheat Sheet: Argon2id, 19 MiB, two passes, one lane. */
const OWASP = { memoryCost: 19_456, timeCost: 2, parallelism: 1, outputLen: 32 } as const

/** Argon2id (RFC 9106), the library's default variant. */
export async function createPasswords(): Promise<Passwords> {
  // Nobody's password: verifying against it costs what a real verification costs.
  const nobody = await hash(crypto.randomUUID(), OWASP)
  return {
    hash: async (password) => hash(password, OWASP),
    verify: async (stored, password) => {
      const isRight = await verify(stored ?? nobody, password)
      return stored !== undefined && isRight
    },
  }
}
