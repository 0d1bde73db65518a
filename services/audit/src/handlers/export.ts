import { AuditExportDefinition } from '@lexcustis/proto/audit'
import { type BoundService, service, unimplemented } from '@lexcustis/rpc'

export function exportService(): BoundService {
  return service(AuditExportDefinition, { exportPeriod: () => unimplemented('ExportPeriod') })
}
