import type { KeyPurpose, KeySealer } from './provider-choice.js'

/** An API key as it is stored, and what it is sealed for. */
export interface StoredKey {
  readonly purpose: KeyPurpose
  readonly sealed: Buffer
}

export interface SealedKeyStore {
  /** Organisations with a key that does not begin with `head`. */
  sealedOtherwise(head: Buffer): Promise<readonly string[]>
  keysOf(organizationId: string): Promise<readonly StoredKey[]>
  /** Where the bytes are still `before`; somebody may have set another key meanwhile. */
  replace(organizationId: string, before: Buffer, after: Buffer): Promise<void>
}

export interface Rewrapped {
  /** Keys brought under the current sealing key. */
  readonly rewrapped: number
  /** Keys that no configured sealing key opens. */
  readonly lost: number
}

/**
 * Brings every stored API key under the current sealing key, so that the one before can be taken away.
 * Replicas may do it at the same time, and it can be repeated.
 */
export async function rewrapKeys(
  store: SealedKeyStore,
  sealer: KeySealer & { readonly head: Buffer },
): Promise<Rewrapped> {
  let rewrapped = 0
  let lost = 0
  for (const organizationId of await store.sealedOtherwise(sealer.head)) {
    for (const { purpose, sealed } of await store.keysOf(organizationId)) {
      const next = attempt(() => sealer.rewrap(sealed, purpose))
      if (next === LOST) lost += 1
      else if (next) {
        await store.replace(organizationId, sealed, next)
        rewrapped += 1
      }
    }
  }
  return { rewrapped, lost }
}

const LOST = Symbol('lost')

function attempt<T>(use: () => T): T | typeof LOST {
  try {
    return use()
  } catch {
    return LOST
  }
}
