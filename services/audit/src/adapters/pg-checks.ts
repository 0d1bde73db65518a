import { readdirSync } from 'node:fs'
import type { Database } from '@lexcustis/postgres'
import type { CheckResult, ReadinessCheck } from '@lexcustis/runtime'

/** Folder of this service's migrations, from src/ as from dist/. */
export const MIGRATIONS_FOLDER = new URL('../../migrations/', import.meta.url)

const DURABLE: ReadonlySet<string> = new Set(['on', 'remote_apply'])

/** Whether a commit is on disk when it is acknowledged. */
export async function checkSynchronousCommit(db: Database): Promise<CheckResult> {
  const [row] = await db.query<{ synchronous_commit: string }>('SHOW synchronous_commit')
  const value = row?.synchronous_commit ?? 'unknown'
  if (DURABLE.has(value)) return { status: 'ready', detail: value }
  const detail = `synchronous_commit is ${value}: an acknowledged record could be lost; set it to on`
  return { status: 'not_ready', detail }
}

/** What must hold before this replica takes records. */
export function createChecks(db: Database): ReadinessCheck[] {
  const newest = readdirSync(MIGRATIONS_FOLDER)
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .at(-1)
    ?.replace('.sql', '')
  return [
    {
      name: 'database',
      check: async () => {
        await db.ping()
        return { status: 'ready', detail: 'answers' }
      },
    },
    { name: 'synchronous_commit', check: async () => checkSynchronousCommit(db) },
    {
      name: 'schema',
      check: async () => {
        const sql = 'SELECT name FROM audit.schema_migration WHERE name = $1'
        const rows = await db.query(sql, [newest])
        if (rows.length > 0) return { status: 'ready', detail: newest ?? '' }
        return {
          status: 'not_ready',
          detail: 'the database is older than this service: migrate it',
        }
      },
    },
  ]
}
