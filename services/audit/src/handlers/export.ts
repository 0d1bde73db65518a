import { AuditExportDefinition } from '@lexcustis/proto/audit'
import { type BoundService, service } from '@lexcustis/rpc'
import type { Exporter } from '../domain/export/exporter.js'

export interface ExportServiceDeps {
  readonly exportBundle: Exporter
}

export function exportService({ exportBundle }: ExportServiceDeps): BoundService {
  return service(AuditExportDefinition, {
    exportPeriod: async function* (request, call) {
      yield* exportBundle(await call.tenant(), request, call.signal)
    },
  })
}
