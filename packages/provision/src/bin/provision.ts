#!/usr/bin/env node
/**
 * What a deployment is given before its services start. Safe to repeat.
 *
 *   provision secrets <folder> [--owner 10001:10001] [--postgres host] [--redis host]
 *     keys, passwords and certificates, one folder for each container
 *   provision database <folder>
 *     roles, schemas and passwords, as the superuser, then the migrations; the folder is `migrate`
 *     among those of `provision secrets`
 *   provision migrate <file>
 *     the migrations alone; the file holds the URL of lexcustis_migrator
 *
 * Exit 0 done, 1 failed, 2 called in a way it does not know.
 */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { ensureDeploymentSecrets } from '../deployment-secrets.js'
import { migrateAll } from '../migrate-all.js'
import { bootstrapRoles, LOGIN_ROLES, type LoginRole } from '../roles.js'

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url))
const POSTGRES_PORT = 5432
const REDIS_PORT = 6379
const OWNER = /^(\d{1,9}):(\d{1,9})$/

class UsageError extends Error {}

const OPTIONS = {
  owner: { type: 'string' },
  postgres: { type: 'string', default: 'postgres' },
  redis: { type: 'string', default: 'redis' },
} as const

function parse() {
  try {
    return parseArgs({ allowPositionals: true, options: OPTIONS })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : 'unknown option')
  }
}

type Values = ReturnType<typeof parse>['values']

const COMMANDS: Readonly<Record<string, (path: string, values: Values) => Promise<void>>> = {
  secrets: async (path, { owner, postgres, redis }) =>
    ensureDeploymentSecrets({
      directory: path,
      hosts: {
        postgres: { host: postgres, port: POSTGRES_PORT },
        redis: { host: redis, port: REDIS_PORT },
      },
      owner: owner === undefined ? undefined : readOwner(owner),
    }),
  database: async (path) => {
    await bootstrapRoles(superuserIn(path), passwordsIn(path))
    await migrateWith(join(path, 'lexcustis_migrator_database_url'))
  },
  migrate: migrateWith,
}

function readOwner(text: string): { uid: number; gid: number } {
  const [, uid, gid] = OWNER.exec(text) ?? []
  if (uid === undefined || gid === undefined) {
    throw new UsageError('--owner is a user and a group by number, for example 10001:10001')
  }
  return { uid: Number(uid), gid: Number(gid) }
}

function superuserIn(folder: string) {
  const url = new URL(read(join(folder, 'postgres_database_url')))
  const port = Number(url.port || POSTGRES_PORT)
  return { host: url.hostname, port, password: decodeURIComponent(url.password) }
}

function passwordsIn(folder: string): Record<LoginRole, string> {
  const entries = LOGIN_ROLES.map((role) => [role, read(join(folder, `${role}_password`))])
  return Object.fromEntries(entries) as Record<LoginRole, string>
}

async function migrateWith(urlFile: string): Promise<void> {
  const applied = await migrateAll(ROOT, read(urlFile))
  process.stdout.write(applied.length === 0 ? 'nothing to apply\n' : `${applied.join('\n')}\n`)
}

function read(path: string): string {
  return readFileSync(path, 'utf8').trim()
}

try {
  const { positionals, values } = parse()
  const [name = '', path] = positionals
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (!command || path === undefined) {
    throw new UsageError('say: secrets <folder>, database <folder> or migrate <file>')
  }
  await command(resolve(path), values)
} catch (error) {
  process.stderr.write(`provision: ${error instanceof Error ? error.message : 'failed'}\n`)
  process.exitCode = error instanceof UsageError ? 2 : 1
}
