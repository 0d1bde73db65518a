import { ConfigError } from '@lexcustis/runtime'
import type { MasterKeys } from '../domain/master-keys.js'
import { KeyProblem } from './key-file.js'
import { type MasterKeyDocument, readPlainKey, toEpochs } from './master-key-document.js'
import { createVaultTransit, type VaultSettings } from './vault-transit.js'

/**
 * Envelope encryption: the file holds what Vault's transit engine made of each master key, and Vault
 * is asked once, at start, to undo it. A copy of the file is of no use without Vault, and Vault alone
 * does not have the keys. From then on the keys are in memory: Vault may be away.
 */
export function createVaultTransitMasterKeys(
  document: MasterKeyDocument,
  settings: VaultSettings,
): MasterKeys {
  const transit = createVaultTransit(settings)
  return {
    load: async () => {
      const opened = new Map<string, Buffer>()
      for (const [kid, ciphertext] of document.keys) {
        const plaintext = await transit.decrypt(kid, ciphertext)
        opened.set(
          kid,
          checked(() => readPlainKey(plaintext, kid)),
        )
      }
      return checked(() => toEpochs(document, (_, kid) => opened.get(kid) ?? Buffer.alloc(0)))
    },
  }
}

/** What Vault returned is judged as if it had been in the file. */
function checked<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof KeyProblem)) throw error
    const fix = 'restore the file, or make its keys with new-master-key.js --vault'
    throw new ConfigError([{ name: 'AUDIT_MASTER_KEY_FILE', problem: error.message, fix }])
  }
}
