import { type Clock, type TenantContext } from '@lexcustis/core'
import { type Database, openDatabase } from '@lexcustis/postgres'
import {
  createPgRetainedOrganizations,
  createPgRetentionReader,
} from './adapters/pg-retention-reader.js'
import { createPgPruner, createPgRetentionStore } from './adapters/pg-retention.js'
import type { AuditLog } from './audit-log.js'
import { actorOf, SYSTEM } from './domain/draft.js'
import type { Eraser } from './domain/erasure/ports.js'
import { assertPerson } from './domain/erasure/request.js'
import {
  applyRetention,
  type RetentionDeps,
  type RetentionReport,
} from './domain/retention/apply.js'
import { assertTime } from './domain/retention/assert-time.js'
import { KEEP_EVERYTHING, type RetentionPolicy } from './domain/retention/policy.js'
import { setPolicy, type SetPolicyInput } from './domain/retention/set-policy.js'

export interface RetentionOptions {
  /** Logs in as lexcustis_audit_retention. */
  readonly retentionDatabaseUrl: string
  readonly eraser: Pick<Eraser, 'eraseContent'>
  readonly clock: Clock
  /** What time the database has; tests that move the clock move this one as well. */
  readonly databaseMicros?: () => Promise<bigint>
  /** An organisation whose policy could not be applied; the next run tries again. */
  readonly onFailed?: (organizationId: string, error: unknown) => void
  /** Replaces some of what it stands on: for tests that make a step fail. */
  readonly change?: (deps: RetentionDeps) => RetentionDeps
}

/** A policy and what came of it. */
export interface RetentionState {
  readonly policy: RetentionPolicy
  /** Records below it were pruned; 0: none. */
  readonly minimumIndex: bigint
}

export interface Retention extends AsyncDisposable {
  readonly get: (organizationId: string) => Promise<RetentionState>
  readonly set: (tenant: TenantContext, input: SetPolicyInput) => Promise<RetentionState>
  /** For an admin. */
  readonly apply: (tenant: TenantContext, isDryRun: boolean) => Promise<RetentionReport>
  /** Applies every organisation's policy. */
  readonly applyAll: () => Promise<void>
}

const CONNECTIONS = 2
const COVERING_MS = 30_000
const PAGE = 100
const BEFORE_ALL = '00000000-0000-0000-0000-000000000000'

/** Retention of content and records, beside an open log. */
export function openRetention(log: AuditLog, options: RetentionOptions): Retention {
  const { clock, eraser, retentionDatabaseUrl: url } = options
  const pruning = openDatabase({ url, name: 'audit-retention', maxConnections: CONNECTIONS })
  const reader = createPgRetentionReader(log.database)
  const change = options.change ?? ((deps: RetentionDeps) => deps)
  const deps = change({
    reader,
    store: createPgRetentionStore(log.database),
    pruner: createPgPruner(pruning),
    readDraft: log.readDraft,
    append: async (draft) => log.append(draft),
    trees: log.trees,
    checkpoints: {
      newest: log.checkpoints.newestOf,
      covering: async (place, sequence) =>
        (await log.checkpoints.covering(place, sequence, { timeoutMs: COVERING_MS })).note,
    },
    eraser,
    clock,
  })
  const get = async (organizationId: string): Promise<RetentionState> => {
    const policy = (await reader.policy(organizationId)) ?? KEEP_EVERYTHING
    const head = await reader.head(organizationId)
    const known = head && (await reader.pruning(organizationId, head.incarnation))
    return { policy, minimumIndex: known?.minimumIndex ?? 0n }
  }
  const databaseMicros = options.databaseMicros ?? (async () => readDatabaseMicros(log.database))
  return {
    get,
    set: async (tenant, input) => {
      await setPolicy(deps, tenant, input)
      return get(tenant.organizationId)
    },
    apply: async (tenant, isDryRun) => {
      assertPerson(tenant, ['admin'])
      await assertTime(clock, databaseMicros)
      return applyRetention(deps, tenant.organizationId, actorOf(tenant), isDryRun)
    },
    applyAll: async () => {
      await assertTime(clock, databaseMicros)
      const organizations = createPgRetainedOrganizations(log.database)
      let after = BEFORE_ALL
      for (;;) {
        const page = await organizations.find(after, PAGE)
        for (const organizationId of page) {
          await applyRetention(deps, organizationId, SYSTEM, false).catch((error: unknown) => {
            options.onFailed?.(organizationId, error)
          })
        }
        const last = page.at(-1)
        if (last === undefined || page.length < PAGE) return
        after = last
      }
    },
    [Symbol.asyncDispose]: async () => pruning[Symbol.asyncDispose](),
  }
}

async function readDatabaseMicros(database: Database): Promise<bigint> {
  const sql = 'SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::int8 AS micros'
  const [row] = await database.query<{ micros: bigint }>(sql)
  return row?.micros ?? 0n
}
