import type { Profile } from '@lexcustis/runtime'
import { heldMasterKeys, type MasterKeys } from '../domain/master-keys.js'
import { KeyProblem } from './key-file.js'
import { readMasterKeyDocument, toEpochs } from './master-key-document.js'

/**
 * For development: keys in a variable, in the forms of the file. Whoever may look at the process, a
 * crash report or the description of a container sees them, so production refuses. Throws KeyProblem.
 */
export function readEnvironmentMasterKeys(value: string, profile: Profile): MasterKeys {
  if (profile === 'production') {
    throw new KeyProblem('would hold the master key in the environment, which production refuses')
  }
  return heldMasterKeys(toEpochs(readMasterKeyDocument(value.trim(), 'plain')))
}
