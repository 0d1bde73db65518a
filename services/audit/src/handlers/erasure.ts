import { AuditErasureDefinition } from '@lexcustis/proto/audit'
import { type BoundService, service, unimplemented } from '@lexcustis/rpc'

export function erasureService(): BoundService {
  return service(AuditErasureDefinition, {
    approveErasure: () => unimplemented('ApproveErasure'),
    eraseSubject: () => unimplemented('EraseSubject'),
  })
}
