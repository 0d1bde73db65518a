import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { migrate } from '@lexcustis/postgres'

/** Service → its schema, in the order in which they are migrated. */
const SCHEMAS = {
  audit: 'audit',
  llm: 'llm',
  rag: 'rag',
  compliance: 'compliance',
  gateway: 'identity',
} as const

/**
 * Applies every service's migrations under `root` as the owner; returns `schema/name` of what is new.
 * `url` logs in as lexcustis_migrator.
 */
export async function migrateAll(root: string, url: string): Promise<string[]> {
  const applied: string[] = []
  for (const [service, schema] of Object.entries(SCHEMAS)) {
    const directory = join(root, 'services', service, 'migrations')
    if (!existsSync(directory)) continue
    const names = await migrate({ url, schema, directory })
    applied.push(...names.map((name) => `${schema}/${name}`))
  }
  return applied
}
