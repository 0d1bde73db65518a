import { type Clock, formatMicros, systemClock, type TenantContext, uuidv7 } from '@lexcustis/core'
import { type AuditLog, openAuditLog } from '../src/audit-log.js'
import { singleEpoch } from '../src/domain/master-keys.js'
import type { RetentionDeps, RetentionReport } from '../src/domain/retention/apply.js'
import { type Erasure } from '../src/erasure.js'
import { openRetention, type Retention } from '../src/retention.js'
import {
  append,
  type AuditDatabase,
  completed,
  input,
  masterKey,
  signingKeys,
  started,
  verified,
} from './audit-database.js'
import { openTestErasure, type Receipt } from './erasure-world.js'

const DAY_MICROS = 86_400_000_000n

/** A clock that a test moves ahead. */
export class MovedClock implements Clock {
  #ahead = 0n

  nowMicros(): bigint {
    return systemClock.nowMicros() + this.#ahead
  }

  forward(days: number): void {
    this.#ahead += BigInt(days) * DAY_MICROS
  }
}

export interface Chat {
  readonly start: Receipt
  readonly end: Receipt
}

/** One organisation on one replica, with its retention. */
export class RetentionWorld implements AsyncDisposable {
  readonly org = uuidv7()
  readonly admin = this.someone('admin')

  private constructor(
    readonly database: AuditDatabase,
    readonly log: AuditLog,
    readonly clock: MovedClock,
    readonly erasure: Erasure,
    readonly retention: Retention,
  ) {}

  static open(database: AuditDatabase, clock = new MovedClock()): RetentionWorld {
    // Not the database's own: a test has many of these, and each is closed with its world.
    const log = openAuditLog({
      databaseUrl: database.postgres.url('audit'),
      epochs: singleEpoch(masterKey),
      origin: 'test.local',
      lostGraceMs: 0,
      clock,
      checkpointStore: database.checkpointStore,
      signingKeys,
    })
    const erasure = openTestErasure(database, log)
    const retention = openTestRetention(database, log, erasure, clock)
    return new RetentionWorld(database, log, clock, erasure, retention)
  }

  someone(userRole: TenantContext['userRole']): TenantContext {
    return { organizationId: this.org, userId: uuidv7(), userRole, kind: 'user', via: 'jwt' }
  }

  /** Another view of the same parts, in which some steps fail. */
  failing(change: (deps: RetentionDeps) => RetentionDeps): Retention {
    return openTestRetention(this.database, this.log, this.erasure, this.clock, change)
  }

  async chat(text = 'my secret', org = this.org): Promise<Chat> {
    const endsBy = formatMicros(this.clock.nowMicros() + 600_000_000n)
    const prompt = [{ field: 'prompt' as const, value: text }]
    const start = await append(this.log, org, started(endsBy, { content: prompt }))
    const response = [{ field: 'response' as const, value: `answer to ${text}` }]
    const end = await append(this.log, org, completed(start.receipt.id, { content: response }))
    return { start: start.receipt, end: end.receipt }
  }

  /** Many records at once; the clock of the service says when. */
  async fill(count: number, org = this.org): Promise<void> {
    await Promise.all(Array.from({ length: count }, async () => append(this.log, org, input())))
  }

  async record(type: string, attrs: object): Promise<Receipt> {
    const given = input({ type, attrsJson: JSON.stringify(attrs) })
    return (await append(this.log, this.org, given)).receipt
  }

  async sign(): Promise<void> {
    await this.log.checkpoints.signWaiting()
  }

  async policy(contentDays: number | undefined, recordDays: number | undefined): Promise<void> {
    await this.retention.set(this.admin, { id: uuidv7(), contentDays, recordDays })
  }

  async run(isDryRun = false): Promise<RetentionReport> {
    return this.retention.apply(this.admin, isDryRun)
  }

  async sequences(org = this.org): Promise<readonly number[]> {
    const rows = await this.database.superuser.query<{ n: bigint }>(
      `SELECT sequence_number AS n FROM audit.audit_logs
       WHERE organization_id = $1 ORDER BY sequence_number`,
      [org],
    )
    return rows.map(({ n }) => Number(n))
  }

  async contentOf(org = this.org): Promise<readonly number[]> {
    const rows = await this.database.superuser.query<{ n: bigint }>(
      `SELECT DISTINCT sequence_number AS n FROM audit.audit_content
       WHERE organization_id = $1 ORDER BY n`,
      [org],
    )
    return rows.map(({ n }) => Number(n))
  }

  async typesOf(): Promise<readonly string[]> {
    const rows = await this.database.superuser.query<{ type: string }>(
      `SELECT type FROM audit.audit_logs WHERE organization_id = $1 ORDER BY sequence_number`,
      [this.org],
    )
    return rows.map(({ type }) => type)
  }

  /** Failure codes of the chain; empty when it is whole. */
  async breaks(org = this.org): Promise<string[]> {
    const { codes, result } = await verified(this.log, org)
    return result.isValid ? codes : [...codes, 'not valid']
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.retention[Symbol.asyncDispose]()
    await this.erasure[Symbol.asyncDispose]()
    await this.log[Symbol.asyncDispose]()
  }
}

function openTestRetention(
  { postgres }: AuditDatabase,
  log: AuditLog,
  { eraser }: Erasure,
  clock: Clock,
  change: (deps: RetentionDeps) => RetentionDeps = (deps) => deps,
): Retention {
  const retentionDatabaseUrl = postgres.url('audit_retention')
  const databaseMicros = async (): Promise<bigint> => clock.nowMicros()
  return openRetention(log, { retentionDatabaseUrl, eraser, clock, databaseMicros, change })
}
