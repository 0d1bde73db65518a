import type { AllowList } from '@lexcustis/rpc'

/** Who may call what: certificate names per gRPC service. A new name here is a security decision. */
export const ALLOW: AllowList = {
  'lexcustis.compliance.v1.CheckService': ['gateway'],
  'lexcustis.compliance.v1.PolicyService': ['gateway'],
  'lexcustis.compliance.v1.IncidentService': ['gateway'],
  'lexcustis.compliance.v1.DossierService': ['gateway'],
}
