import { type RunnerOption, runner } from 'node-pg-migrate'
import pg from 'pg'

export interface MigrateOptions {
  /** Logs in as lexcustis_migrator; the statements run as lexcustis_owner. */
  readonly url: string
  /** Schema of the service; also holds the table of applied migrations. */
  readonly schema: string
  /** Folder of `0001_create_x.sql`, `0002_…`: plain SQL, forward only. */
  readonly directory: string
}

const OWNER = 'lexcustis_owner'

/** Applies what is new, in one transaction, under a lock. Returns the names applied. */
export async function migrate({ url, schema, directory }: MigrateOptions): Promise<string[]> {
  const client = new pg.Client({ connectionString: url, application_name: `migrate-${schema}` })
  await client.connect()
  try {
    await client.query(`SET ROLE ${OWNER}`)
    const options: RunnerOption = {
      dbClient: client,
      dir: directory,
      direction: 'up',
      schema,
      migrationsSchema: schema,
      migrationsTable: 'schema_migration',
      singleTransaction: true,
      checkOrder: true,
      log: () => undefined,
    }
    const applied = await runner(options)
    return applied.map(({ name }) => name)
  } finally {
    await client.end()
  }
}
