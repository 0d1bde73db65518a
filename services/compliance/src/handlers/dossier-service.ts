import type { DossierDefinition } from '@lexcustis/proto/compliance'
import { type Handlers, unimplemented } from '@lexcustis/rpc'

/** DossierService: in the contract, not in this version. */
export function createDossierHandlers(): Handlers<typeof DossierDefinition> {
  return { generateDossier: () => unimplemented('the dossier') }
}
