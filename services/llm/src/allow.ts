import type { AllowList } from '@lexcustis/rpc'

/** Who may call what: certificate names per gRPC service. A new name here is a security decision. */
export const ALLOW: AllowList = {
  'lexcustis.llm.v1.ChatService': ['gateway'],
  'lexcustis.llm.v1.ProviderService': ['gateway', 'compliance'],
}
