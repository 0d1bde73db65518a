import type { IncidentDefinition } from '@lexcustis/proto/compliance'
import { type Handlers, unimplemented } from '@lexcustis/rpc'

const INCIDENTS = 'the incident register'

/** IncidentService: in the contract, not in this version. */
export function createIncidentHandlers(): Handlers<typeof IncidentDefinition> {
  return {
    openIncident: async () => unimplemented(INCIDENTS),
    transitionIncident: async () => unimplemented(INCIDENTS),
    getIncident: async () => unimplemented(INCIDENTS),
    listIncidents: async () => unimplemented(INCIDENTS),
    exportIncident: () => unimplemented(INCIDENTS),
  }
}
