import type { AllowList } from '@lexcustis/rpc'

/** Who may call what: certificate names per gRPC service. A new name here is a security decision. */
export const ALLOW: AllowList = {
  'lexcustis.rag.v1.SearchService': ['gateway', 'compliance'],
  'lexcustis.rag.v1.DocumentService': ['gateway'],
  'lexcustis.rag.v1.KnowledgeService': ['gateway'],
}
