import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import { deriveChainKey, uuidBytes } from '@lexcustis/evidence'
import type { Epoch } from './master-keys.js'

const KEY_BYTES = 32

/** Everything that is derived from the master keys, which do not leave this module. */
export interface Keyring {
  /** Id of the key that new records are sealed with. */
  readonly kid: string
  /** K_org of one incarnation, or undefined for a key id that is not ours. */
  chainKey(organizationId: string, incarnation: string, kid: string): KeyObject | undefined
  /** Encrypts the data keys of an organisation's subjects. */
  wrappingKey(organizationId: string, kid: string): KeyObject | undefined
}

/** Throws RangeError unless exactly one epoch is current and every name and key is there once. */
export function createKeyring(epochs: readonly Epoch[]): Keyring {
  assertDistinct(epochs)
  const [current, ...others] = epochs.filter(({ state }) => state === 'current')
  if (!current || others.length > 0) throw new RangeError('exactly one master key is current')
  const masters = new Map(epochs.map(({ kid, key }) => [kid, key.export()]))
  return {
    kid: current.kid,
    chainKey: (org, inc, kid) => {
      const master = masters.get(kid)
      return master && deriveChainKey({ master, kid, org, inc })
    },
    wrappingKey: (org, kid) => {
      const master = masters.get(kid)
      const info = `lexcustis/content-kek/v1/${kid}`
      return (
        master &&
        createSecretKey(Buffer.from(hkdfSync('sha256', master, uuidBytes(org), info, KEY_BYTES)))
      )
    },
  }
}

/** The same bytes under two names would be a rotation that changed nothing. */
function assertDistinct(epochs: readonly Epoch[]): void {
  epochs.forEach(({ kid, key }, index) => {
    for (const earlier of epochs.slice(0, index)) {
      if (earlier.kid === kid) throw new RangeError('two master keys have the same name')
      if (earlier.key.equals(key)) throw new RangeError('two master keys are the same')
    }
  })
}
