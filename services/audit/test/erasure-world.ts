import { formatMicros, type Role, systemClock, type TenantContext, uuidv7 } from '@lexcustis/core'
import { readRecord } from '@lexcustis/evidence'
import type { AuditLog } from '../src/audit-log.js'
import type { ContentItem } from '../src/domain/content.js'
import type { ErasureDeps } from '../src/domain/erasure/erase-subject.js'
import type { ErasureRequest } from '../src/domain/erasure/request.js'
import { type Erasure, openErasure } from '../src/erasure.js'
import {
  append,
  type AuditDatabase,
  completed,
  input,
  started,
  verified,
} from './audit-database.js'

export interface Receipt {
  readonly id: string
  readonly sequence: bigint
  readonly incarnation: string
}

/** An organisation with its people, on one replica of the service. */
export class ErasureWorld {
  readonly org = uuidv7()
  readonly admin = this.someone('admin')
  readonly reviewer = this.someone('reviewer')

  constructor(
    readonly database: AuditDatabase,
    readonly log: AuditLog,
    readonly erasure: Erasure,
  ) {}

  static open(
    database: AuditDatabase,
    log: AuditLog,
    change?: (deps: ErasureDeps) => ErasureDeps,
  ): ErasureWorld {
    return new ErasureWorld(database, log, openTestErasure(database, log, change))
  }

  someone(role: Role): TenantContext {
    const via = 'jwt'
    return { organizationId: this.org, userId: uuidv7(), userRole: role, kind: 'user', via }
  }

  /** A chat: its prompt in the start, its response in the end. */
  async chat(subjectId: string, text = 'my secret'): Promise<{ start: Receipt; end: Receipt }> {
    const actor = { kind: 'user', via: 'jwt', role: 'member', subjectId } as const
    const endsBy = formatMicros(systemClock.nowMicros() + 600_000_000n)
    const prompt = [{ field: 'prompt' as const, value: text }]
    const first = await append(this.log, this.org, started(endsBy, { content: prompt }), actor)
    const response = [
      { field: 'response' as const, value: `answer to ${text}` },
      { field: 'passages' as const, value: '[]' },
    ]
    const end = completed(first.receipt.id, { content: response })
    const last = await append(this.log, this.org, end, actor)
    return { start: first.receipt, end: last.receipt }
  }

  async record(type: string, attrs: object, subjectId = this.admin.userId): Promise<Receipt> {
    const actor = { kind: 'user', via: 'jwt', role: 'admin', subjectId } as const
    const given = input({ type, attrsJson: JSON.stringify(attrs) })
    return (await append(this.log, this.org, given, actor)).receipt
  }

  async approve(subjectId: string, by: TenantContext = this.reviewer): Promise<string> {
    const rationale = 'they asked'
    return (await this.erasure.approve(by, { id: uuidv7(), subjectId, rationale })).id
  }

  request(
    subjectId: string,
    approvedBy: string,
    changes: Partial<ErasureRequest> = {},
  ): ErasureRequest {
    return {
      id: uuidv7(),
      subjectId,
      legalBasis: 'GDPR Art. 17(1)(a)',
      approvedBy,
      fields: undefined,
      isDryRun: false,
      ...changes,
    }
  }

  async pidOf(subjectId: string): Promise<string | undefined> {
    const [row] = await this.database.superuser.query<{ pid: string }>(
      'SELECT pid FROM audit.audit_subject WHERE organization_id = $1 AND subject_id = $2',
      [this.org, subjectId],
    )
    return row?.pid
  }

  /** What is left of a pseudonym outside the chain. */
  async left(
    pid: string | undefined,
  ): Promise<{ fields: bigint; keys: bigint; mappings: bigint } | undefined> {
    const count = (table: string) =>
      `(SELECT count(*) FROM audit.${table} WHERE organization_id = $1 AND pid = $2)`
    const [row] = await this.database.superuser.query<{
      fields: bigint
      keys: bigint
      mappings: bigint
    }>(
      `SELECT ${count('audit_content')} AS fields, ${count('audit_subject_key')} AS keys,
         ${count('audit_subject')} AS mappings`,
      [this.org, pid],
    )
    return row
  }

  async content(id: string): Promise<readonly ContentItem[]> {
    return this.log.readContent(this.admin, id)
  }

  async attrsOf(id: string): Promise<Record<string, unknown>> {
    return readRecord((await this.log.entries.get(this.org, { id })).canonical).attrs
  }

  /** Failure codes of the chain; empty when it is whole. */
  async breaks(): Promise<string[]> {
    const { codes, result } = await verified(this.log, this.org)
    return result.isValid ? codes : [...codes, 'not valid']
  }
}

export function openTestErasure(
  { postgres }: AuditDatabase,
  log: AuditLog,
  change: (deps: ErasureDeps) => ErasureDeps = (deps) => deps,
): Erasure {
  const eraserDatabaseUrl = postgres.url('audit_eraser')
  const clock = systemClock
  return openErasure(log, { eraserDatabaseUrl, backupRetentionDays: 35, clock, change })
}

export const GONE = { fields: 0n, keys: 0n, mappings: 0n }
