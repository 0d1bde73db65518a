import { DocumentDefinition, KnowledgeDefinition, SearchDefinition } from '@lexcustis/proto/rag'
import { type AllowList, serviceNameOf } from '@lexcustis/rpc'

/** Who may call what. */
const CALLERS = [
  [SearchDefinition, ['gateway', 'compliance']],
  [DocumentDefinition, ['gateway']],
  [KnowledgeDefinition, ['gateway']],
] as const

/** The list above and the peers that the deployment names: certificate name → gRPC services. */
export function allowList(extraCallers: Readonly<Record<string, readonly string[]>>): AllowList {
  return Object.fromEntries(
    CALLERS.map(([definition, callers]) => {
      const name = serviceNameOf(definition)
      const extra = Object.entries(extraCallers).filter(([, services]) => services.includes(name))
      return [name, [...callers, ...extra.map(([caller]) => caller)]]
    }),
  )
}
