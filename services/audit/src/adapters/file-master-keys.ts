import { heldMasterKeys, type MasterKeys } from '../domain/master-keys.js'
import { readMasterKeyDocument, toEpochs } from './master-key-document.js'

/** The provider of most deployments: keys in a file. `text` is what it holds. Throws KeyProblem. */
export function readFileMasterKeys(text: string): MasterKeys {
  return heldMasterKeys(toEpochs(readMasterKeyDocument(text, 'plain')))
}
