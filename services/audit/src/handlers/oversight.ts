import { AuditOversightDefinition } from '@lexcustis/proto/audit'
import { type BoundService, service, unimplemented } from '@lexcustis/rpc'

export function oversightService(): BoundService {
  return service(AuditOversightDefinition, {
    recordDecision: () => unimplemented('RecordDecision'),
    listPending: () => unimplemented('ListPending'),
  })
}
