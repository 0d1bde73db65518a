import { type Clock, formatMicros, type TenantContext, uuidv7 } from '@lexcustis/core'
import { createPgExportReader } from './adapters/pg-export-reader.js'
import { readShippedFiles } from './adapters/shipped-files.js'
import type { AuditLog } from './audit-log.js'
import { actorOf } from './domain/draft.js'
import type { Exported, ExportDeps } from './domain/export/export-bundle.js'
import { createExporter, type Exporter } from './domain/export/exporter.js'
import type { Receipt } from './domain/outcome.js'
import { originOf, signersFor } from './domain/signing/log-keys.js'
import type { SigningKeys } from './domain/signing-keys.js'

export interface ExportOptions {
  readonly origin: string
  readonly signingKeys: SigningKeys
  readonly clock: Clock
  readonly onExported?: (exported: Exported) => void
  /** Replaces some of what it stands on: for tests of what happens in between. */
  readonly change?: (deps: ExportDeps) => ExportDeps
}

/** A signer that is busy elsewhere is waited for this long. */
const COVERING_TIMEOUT_MS = 30_000

/** Exports of an open log. */
export function openExport(log: AuditLog, options: ExportOptions): Exporter {
  const { origin, signingKeys, clock, onExported, change } = options
  const { checkpoints } = log
  const deps: ExportDeps = {
    reader: createPgExportReader(log.database),
    keyring: log.keyring,
    proofs: checkpoints.proofs,
    clock,
    origin,
    nameOf: (place) => originOf(origin, place),
    signersOf: (place) => signersFor(originOf(origin, place), signingKeys),
    checkpointOfSize: async (place, size) => checkpoints.ofSize(place, size),
    covering: async (place, sequence, signal) =>
      checkpoints.covering(place, sequence, { timeoutMs: COVERING_TIMEOUT_MS, signal }),
    recordExport: async (tenant, attrs) => recordExport(log, clock, tenant, attrs),
    shipped: readShippedFiles,
    onExported: onExported ?? (() => undefined),
  }
  return createExporter(change ? change(deps) : deps)
}

async function recordExport(
  { append, readDraft }: AuditLog,
  clock: Clock,
  tenant: TenantContext,
  attrs: object,
): Promise<Receipt> {
  const draft = readDraft(tenant.organizationId, actorOf(tenant), {
    id: uuidv7(),
    type: 'dossier.exported',
    occurredAt: formatMicros(clock.nowMicros()),
    ref: '',
    trace: '',
    attrsJson: JSON.stringify(attrs),
    content: [],
  })
  return (await append(draft)).receipt
}
