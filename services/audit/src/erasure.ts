import type { Clock, TenantContext } from '@lexcustis/core'
import { openDatabase } from '@lexcustis/postgres'
import { createPgApprovalClaims, createPgErasureReader } from './adapters/pg-erasure-reader.js'
import { createPgEraser } from './adapters/pg-eraser.js'
import type { AuditLog } from './audit-log.js'
import { approveErasure, type ApprovalInput } from './domain/erasure/approval.js'
import { type ErasureDeps, eraseSubject } from './domain/erasure/erase-subject.js'
import type { Eraser } from './domain/erasure/ports.js'
import type { ErasureReport } from './domain/erasure/report.js'
import type { ErasureRequest } from './domain/erasure/request.js'
import type { Receipt } from './domain/outcome.js'

export interface ErasureOptions {
  /** Logs in as lexcustis_audit_eraser. */
  readonly eraserDatabaseUrl: string
  /** How long backups are kept; 0 when there are none. */
  readonly backupRetentionDays: number
  readonly clock: Clock
  /** Replaces some of what it stands on: for tests that make a step fail. */
  readonly change?: (deps: ErasureDeps) => ErasureDeps
}

export interface Erasure extends AsyncDisposable {
  readonly approve: (tenant: TenantContext, input: ApprovalInput) => Promise<Receipt>
  readonly erase: (tenant: TenantContext, request: ErasureRequest) => Promise<ErasureReport>
  /** Deletes content, for whoever appended the record that authorises it. */
  readonly eraser: Eraser
}

const CONNECTIONS = 4

/** Erasure of people's content, beside an open log. */
export function openErasure(log: AuditLog, options: ErasureOptions): Erasure {
  const { backupRetentionDays, clock, eraserDatabaseUrl: url } = options
  const erasing = openDatabase({ url, name: 'audit-eraser', maxConnections: CONNECTIONS })
  const eraser = createPgEraser(erasing)
  const change = options.change ?? ((deps: ErasureDeps) => deps)
  const deps = change({
    reader: createPgErasureReader(log.database),
    claims: createPgApprovalClaims(log.database),
    readDraft: log.readDraft,
    append: async (draft) => log.append(draft),
    eraser,
    clock,
    backupRetentionDays,
  })
  return {
    approve: async (tenant, input) => approveErasure(deps, tenant, input),
    erase: async (tenant, request) => eraseSubject(deps, tenant, request),
    eraser,
    [Symbol.asyncDispose]: async () => erasing[Symbol.asyncDispose](),
  }
}
