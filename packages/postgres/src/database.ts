import pg from 'pg'
import { toAppError } from './errors.js'

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

const types = new pg.TypeOverrides()
types.setTypeParser(pg.types.builtins.INT8, (value: string) => BigInt(value))

/** Opens a pool; connects lazily. Errors are AppErrors (see `toAppError`). */
export function openDatabase(options: DatabaseOptions): Database {
  const pool = new pg.Pool({
    connectionString: options.url,
    application_name: options.name,
    max: options.maxConnections ?? 10,
    statement_timeout: options.statementTimeoutMs ?? 30_000,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
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
  try {
    await client.query('BEGIN')
    if (organizationId !== undefined) {
      await client.query("SELECT set_config('app.organization_id', $1, true)", [organizationId])
    }
    const result = await use(queryable(client))
    await client.query('COMMIT')
    return result
  } catch (error) {
    broken = await client.query('ROLLBACK').then(
      () => false,
      () => true,
    )
    throw toAppError(error)
  } finally {
    client.release(broken)
  }
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
