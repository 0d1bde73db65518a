import type { AllowList } from '@lexcustis/rpc'

/** Who may call what: certificate names per gRPC service. A new name here is a security decision. */
const ALLOW: AllowList = {
  'lexcustis.audit.v1.AuditWriterService': ['gateway', 'compliance'],
  'lexcustis.audit.v1.AuditReaderService': ['gateway', 'compliance'],
  'lexcustis.audit.v1.AuditContentService': ['gateway'],
  'lexcustis.audit.v1.AuditOversightService': ['gateway'],
  'lexcustis.audit.v1.AuditExportService': ['gateway', 'compliance'],
  'lexcustis.audit.v1.AuditErasureService': ['gateway'],
}

/** With the peers that the operator named: certificate name → gRPC services, ours among them. */
export function allowList(extraCallers: Readonly<Record<string, readonly string[]>>): AllowList {
  const peersOf = (service: string) =>
    Object.entries(extraCallers)
      .filter(([, services]) => services.includes(service))
      .map(([name]) => name)
  return Object.fromEntries(
    Object.entries(ALLOW).map(([service, names]) => [service, [...names, ...peersOf(service)]]),
  )
}
