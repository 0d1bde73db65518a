import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import {
  createCheckpointKey,
  createPassword,
  createSecretKey,
  createSigningKey,
  databaseUrl,
  LOGIN_ROLES,
  type LoginRole,
  makePrivateDirectory,
  publicKeys,
  readOrCreate,
  writePrivateFile,
} from '@lexcustis/provision'
import { StackFailure } from '../failure.js'
import type { Layout } from './layout.js'

export const OPERATOR_EMAIL = 'operator@lexcustis.local'
const MASTER_KEY_BYTES = 32

/** Passwords of the database roles, the superuser included. */
export type RolePasswords = Readonly<Record<LoginRole | 'postgres', string>>

/**
 * Makes what is missing at first start. Later a missing master key, or a missing password of the
 * database, is damage: a new one would fit nothing that is stored. So is a missing signing key once
 * it has signed a checkpoint; before, the folder is of a version that had none. Throws DATA_DAMAGED.
 */
export async function ensureSecrets(layout: Layout, hasData: boolean): Promise<void> {
  const { secret } = layout
  await makePrivateDirectory(layout.secrets)
  if (hasData) {
    for (const name of ['audit_master_key', 'postgres_database_url']) {
      if (!existsSync(secret(name))) throw damaged(secret(name), 'is missing')
    }
  }
  const masterKey = await readOrCreate(secret('audit_master_key'), createSecretKey)
  if (!isMasterKey(masterKey)) {
    throw damaged(secret('audit_master_key'), 'holds neither 32 bytes in base64 nor a set of keys')
  }
  await ensureCheckpointKey(layout)
  await readOrCreate(secret('llm_sealing_key'), createSecretKey)
  await readOrCreate(secret('access_key.json'), createSigningKeyText)
  const tenantKey = await readOrCreate(secret('tenant_key.json'), createSigningKeyText)
  await writePrivateFile(
    secret('tenant_keys.json'),
    publicHalf(tenantKey, secret('tenant_key.json')),
  )
  await readOrCreate(secret('operator_password'), createPassword)
  await readOrCreate(secret('login_password'), createPassword)
}

/** One key, or the JSON document of a log that has rotated; the audit service reads it closely. */
function isMasterKey(text: string): boolean {
  if (!text.startsWith('{')) return Buffer.from(text, 'base64').length === MASTER_KEY_BYTES
  try {
    return typeof (JSON.parse(text) as { keys?: unknown }).keys === 'object'
  } catch {
    return false
  }
}

async function ensureCheckpointKey(layout: Layout): Promise<void> {
  const path = layout.secret('audit_signing_key')
  const isThere = existsSync(path) && (await readFile(path, 'utf8')).trim() !== ''
  if (!isThere && (await holdsFiles(layout.checkpoints))) {
    throw damaged(path, 'is missing, and has signed checkpoints')
  }
  await readOrCreate(path, createCheckpointKey)
}

async function holdsFiles(folder: string): Promise<boolean> {
  if (!existsSync(folder)) return false
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.some((entry) => entry.isFile())
}

async function createSigningKeyText(): Promise<string> {
  return JSON.stringify(await createSigningKey())
}

function publicHalf(privateJwk: string, path: string): string {
  try {
    return JSON.stringify(publicKeys(JSON.parse(privateJwk) as object))
  } catch {
    throw damaged(path, 'is not JSON')
  }
}

/** Reads the passwords kept in the database URLs, makes those that are missing, and notes the port. */
export async function ensureRolePasswords(layout: Layout, port: number): Promise<RolePasswords> {
  const passwords: Record<string, string> = {}
  for (const role of ['postgres', ...LOGIN_ROLES] as const) {
    const path = layout.secret(`${role}_database_url`)
    const password = (await readPassword(path)) ?? createPassword()
    passwords[role] = password
    await writePrivateFile(path, `${databaseUrl(role, password, { port })}\n`)
  }
  return passwords as RolePasswords
}

async function readPassword(path: string): Promise<string | undefined> {
  if (!existsSync(path)) return undefined
  try {
    return decodeURIComponent(new URL((await readFile(path, 'utf8')).trim()).password) || undefined
  } catch {
    return undefined
  }
}

function damaged(path: string, problem: string): StackFailure {
  return new StackFailure(
    'DATA_DAMAGED',
    `${path} ${problem}; restore it from a backup, or move the whole data folder away to begin anew.`,
    { path },
  )
}
