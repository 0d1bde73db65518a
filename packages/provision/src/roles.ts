import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { openDatabase } from '@lexcustis/postgres'
import { scramVerifier } from './scram.js'

export const DATABASE = 'lexcustis'

/** Roles that log in, each with its own password and its own schema (see roles.sql). */
export const LOGIN_ROLES = [
  'lexcustis_migrator',
  'lexcustis_gateway',
  'lexcustis_compliance',
  'lexcustis_rag',
  'lexcustis_llm',
  'lexcustis_audit',
  'lexcustis_audit_oversight',
  'lexcustis_audit_eraser',
  'lexcustis_audit_retention',
] as const

export type LoginRole = (typeof LOGIN_ROLES)[number]

export interface Server {
  /** Without it, this machine. */
  readonly host?: string
  readonly port: number
}

/** `postgres://role:password@host:port/database`. */
export function databaseUrl(
  role: string,
  password: string,
  { host = '127.0.0.1', port }: Server,
  database = DATABASE,
): string {
  return `postgres://${role}:${encodeURIComponent(password)}@${host}:${port}/${database}`
}

/** The page that says who exists in the database; the same path from src and from dist. */
export const ROLES_FILE = fileURLToPath(new URL('../../postgres/sql/roles.sql', import.meta.url))

/** Creates database, roles and schemas, and sets every password; can be repeated. */
export async function bootstrapRoles(
  superuser: Server & { readonly password: string },
  passwords: Readonly<Record<LoginRole, string>>,
): Promise<void> {
  const { password } = superuser
  {
    await using server = openDatabase({
      url: databaseUrl('postgres', password, superuser, 'postgres'),
      name: 'bootstrap',
    })
    const found = await server.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE])
    if (found.length === 0) await server.query(`CREATE DATABASE ${DATABASE}`)
  }
  await using database = openDatabase({
    url: databaseUrl('postgres', password, superuser),
    name: 'bootstrap',
  })
  await database.query(await readFile(ROLES_FILE, 'utf8'))
  for (const role of LOGIN_ROLES) {
    await database.query(`ALTER ROLE ${role} PASSWORD '${scramVerifier(passwords[role])}'`)
  }
}
