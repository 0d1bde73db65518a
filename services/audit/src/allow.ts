import type { AllowList } from '@lexcustis/rpc'

/** Who may call what: certificate names per gRPC service. A new name here is a security decision. */
export const ALLOW: AllowList = {
  'lexcustis.audit.v1.AuditWriterService': ['gateway', 'compliance'],
  'lexcustis.audit.v1.AuditReaderService': ['gateway', 'compliance'],
  'lexcustis.audit.v1.AuditContentService': ['gateway'],
  'lexcustis.audit.v1.AuditOversightService': ['gateway'],
  'lexcustis.audit.v1.AuditExportService': ['gateway', 'compliance'],
  'lexcustis.audit.v1.AuditErasureService': ['gateway'],
  'lexcustis.audit.v1.AuditRetentionService': ['gateway'],
}
