import { AppError, isUuid } from '@lexcustis/core'
import pg from 'pg'
import { isConnectionLost, isDriverError, toAppError } from './errors.js'

/** Columns as they are: int8 is bigint, bytea a Buffer, timestamptz a Date. */
export type Row = Readonly<Record<string, unknown>>

export interface Queryable {
  query<R extends object = Row>(sql: string, values?: readonly unknown[]): Promise<R[]>
}

export interface Database extends Queryable, AsyncDisposable {
  /**
   * One transaction in which row-level security shows only this organisation. Statements carry
   * their own `organization_id` predicate as well: two layers, each enough alone.
   */
  tenant<T>(organizationId: string, use: (tx: Queryable) => Promise<T>): Promise<T>
  /** One transaction without a tenant: tenant tables look empty. */
  transaction<T>(use: (tx: Queryable) => Promise<T>): Promise<T>
  /** Throws UNAVAILABLE when the database does not answer. */
  ping(): Promise<void>
  /** The pool itself, for adapters that need more than a transaction. */
  readonly pool: pg.Pool
}

export interface DatabaseOptions {
  /** `postgres://role:password@host:port/database`. */
  readonly url: string
  /** Shown in pg_stat_activity. */
  readonly name: string
  readonly maxConnections?: number
  readonly statementTimeoutMs?: number
}

const DEFAULT_STATEMENT_TIMEOUT_MS = 10_000
const ANSWER_MARGIN_MS = 2_000

const types = new pg.TypeOverrides()
types.setTypeParser(pg.types.builtins.INT8, (value: string) => BigInt(value))

/** Opens a pool; connects lazily. Errors are AppErrors (see `toAppError`). */
export function openDatabase(options: DatabaseOptions): Database {
  const statementTimeoutMs = options.statementTimeoutMs ?? DEFAULT_STATEMENT_TIMEOUT_MS
  const pool = new pg.Pool({
    connectionString: options.url,
    application_name: options.name,
    max: options.maxConnections ?? 10,
    statement_timeout: statementTimeoutMs,
    // A server that is frozen, or a network that swallows packets, keeps no timeout of its own.
    query_timeout: statementTimeoutMs + ANSWER_MARGIN_MS,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
    // Queries are sent without waiting for the answers of those before them.
    pipeline: true,
    types,
  })
  // A connection that dies is replaced on next use; without listeners its event ends the process:
  // the pool's is for idle connections, the client's for one in use, whose query fails as well.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))

  const query = async <R extends object = Row>(sql: string, values: readonly unknown[] = []) => {
    try {
      return (await pool.query<R>(sql, [...values])).rows
    } catch (error) {
      throw toAppError(error)
    }
  }
  return {
    pool,
    query,
    transaction: async (use) => inTransaction(pool, undefined, use),
    tenant: async (organizationId, use) => inTransaction(pool, organizationId, use),
    ping: async () => {
      await query('SELECT 1')
    },
    [Symbol.asyncDispose]: async () => pool.end(),
  }
}

async function inTransaction<T>(
  pool: pg.Pool,
  organizationId: string | undefined,
  use: (tx: Queryable) => Promise<T>,
): Promise<T> {
  const client = await pool.connect().catch((error: unknown) => {
    throw toAppError(error)
  })
  let broken = false
  let begun: Promise<unknown> = Promise.resolve()
  try {
    // Travels with the first statement of `use`; where it failed, row-level security shows nothing.
    begun = client.query(organizationId === undefined ? 'BEGIN' : beginFor(organizationId))
    begun.catch(() => undefined)
    const result = await use(queryable(client))
    await begun
    await client.query('COMMIT')
    return result
  } catch (later) {
    // What `use` concluded from tables that only looked empty is not the reason.
    const error = await begun.then(
      () => later,
      (first: unknown) => first,
    )
    // Behind a query that was never answered, ROLLBACK would not be either.
    broken =
      isConnectionLost(error) ||
      (await client.query('ROLLBACK').then(
        () => false,
        () => true,
      ))
    // An error of the caller's own is its business, and stays what it is.
    throw isDriverError(error) ? toAppError(error) : error
  } finally {
    client.release(broken)
  }
}

/** One round trip; the simple protocol takes no parameters, and a UUID needs no quoting. */
function beginFor(organizationId: string): string {
  if (!isUuid(organizationId)) throw new AppError('INTERNAL', 'not an organisation id')
  return `BEGIN; SET LOCAL app.organization_id = '${organizationId}'`
}

function queryable(client: pg.PoolClient): Queryable {
  return {
    query: async <R extends object = Row>(sql: string, values: readonly unknown[] = []) => {
      try {
        return (await client.query<R>(sql, [...values])).rows
      } catch (error) {
        throw toAppError(error)
      }
    },
  }
}
