import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import { deriveChainKey, uuidBytes } from '@lexcustis/evidence'

const KEY_BYTES = 32

/** Everything that is derived from the master key, which does not leave this module. */
export interface Keyring {
  /** Id of the key that new records are sealed with. */
  readonly kid: string
  /** K_org of one incarnation, or undefined for a key id that is not ours. */
  chainKey(organizationId: string, incarnation: string, kid: string): KeyObject | undefined
  /** Encrypts the data keys of an organisation's subjects. */
  wrappingKey(organizationId: string, kid: string): KeyObject | undefined
}

/** `master` has 32 bytes. */
export function createKeyring(kid: string, master: Buffer): Keyring {
  if (master.length !== KEY_BYTES) throw new RangeError(`the master key has ${KEY_BYTES} bytes`)
  return {
    kid,
    chainKey: (org, inc, id) =>
      id === kid ? deriveChainKey({ master, kid, org, inc }) : undefined,
    wrappingKey: (org, id) => {
      if (id !== kid) return undefined
      const info = `lexcustis/content-kek/v1/${kid}`
      return createSecretKey(
        Buffer.from(hkdfSync('sha256', master, uuidBytes(org), info, KEY_BYTES)),
      )
    },
  }
}
