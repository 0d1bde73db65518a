import { existsSync } from 'node:fs'
import { chmod, chown, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureCertificates } from './certificates.js'
import {
  createCheckpointKey,
  createPassword,
  createSecretKey,
  createSigningKey,
  publicKeys,
} from './keys.js'
import { readOrCreate, writePrivateFile } from './private-file.js'
import { databaseUrl, LOGIN_ROLES, type LoginRole } from './roles.js'

/** Where the containers of a deployment find each other. */
export interface DeploymentHosts {
  readonly postgres: { readonly host: string; readonly port: number }
  readonly redis: { readonly host: string; readonly port: number }
}

export interface DeploymentSecrets {
  /** Gets one folder for each container, which is all that container is shown. */
  readonly directory: string
  readonly hosts: DeploymentHosts
  /** User and group of our containers; absent: whoever runs this. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined
}

const SERVICES = ['gateway', 'compliance', 'rag', 'llm', 'audit'] as const

/** Which role's URL lies in which folder, and under which name. */
const DATABASE_URLS: readonly (readonly [(typeof SERVICES)[number], LoginRole, string])[] = [
  ['gateway', 'lexcustis_gateway', 'database_url'],
  ['compliance', 'lexcustis_compliance', 'database_url'],
  ['rag', 'lexcustis_rag', 'database_url'],
  ['llm', 'lexcustis_llm', 'database_url'],
  ['audit', 'lexcustis_audit', 'database_url'],
  ['audit', 'lexcustis_audit_eraser', 'eraser_database_url'],
  ['audit', 'lexcustis_audit_retention', 'retention_database_url'],
]

/** A folder that lost something no new secret could stand in for. */
export class SecretsDamagedError extends Error {
  override readonly name = 'SecretsDamagedError'
}

/**
 * Makes what is missing of a deployment's secrets and renews certificates in their last month; what is
 * there stays. Throws SecretsDamagedError when the master key or the signing key of the log is gone.
 */
export async function ensureDeploymentSecrets(options: DeploymentSecrets): Promise<void> {
  const { directory, hosts } = options
  const at = (...path: string[]) => join(directory, ...path)
  const isFirst = !existsSync(at('audit', 'master_key')) && !existsSync(at('postgres', 'password'))
  for (const name of ['master_key', 'signing_key']) {
    if (!isFirst && !existsSync(at('audit', name))) {
      throw new SecretsDamagedError(
        `${at('audit', name)} is missing and nothing else fits what is stored; restore it from a backup`,
      )
    }
  }
  await readOrCreate(at('audit', 'master_key'), createSecretKey)
  await readOrCreate(at('audit', 'signing_key'), createCheckpointKey)
  await readOrCreate(at('llm', 'sealing_key'), createSecretKey)
  await readOrCreate(at('gateway', 'operator_password'), createPassword)
  await ensureTokenKeys(at)
  await ensureDatabaseUrls(at, hosts)
  await ensureStores(at, hosts)
  await ensureCertificates(directory, SERVICES)
  await close(options)
}

type At = (...path: string[]) => string

const signingKey = async () => JSON.stringify(await createSigningKey())

async function ensureTokenKeys(at: At): Promise<void> {
  await readOrCreate(at('gateway', 'access_key.json'), signingKey)
  const tenantKey = await readOrCreate(at('gateway', 'tenant_key.json'), signingKey)
  const halves = JSON.stringify(publicKeys(JSON.parse(tenantKey) as object))
  for (const name of SERVICES) {
    if (name !== 'gateway') await writePrivateFile(at(name, 'tenant_keys.json'), `${halves}\n`)
  }
}

async function ensureDatabaseUrls(at: At, { postgres }: DeploymentHosts): Promise<void> {
  const superuser = await readOrCreate(at('postgres', 'password'), createPassword)
  const passwords = new Map<string, string>([['postgres', superuser]])
  for (const role of LOGIN_ROLES) {
    passwords.set(role, await readOrCreate(at('migrate', `${role}_password`), createPassword))
  }
  const urlOf = (role: string) => `${databaseUrl(role, passwords.get(role) ?? '', postgres)}\n`
  for (const role of ['postgres', 'lexcustis_migrator']) {
    await writePrivateFile(at('migrate', `${role}_database_url`), urlOf(role))
  }
  for (const [service, role, name] of DATABASE_URLS) {
    await writePrivateFile(at(service, name), urlOf(role))
  }
}

async function ensureStores(at: At, { redis }: DeploymentHosts): Promise<void> {
  const redisPassword = await readOrCreate(at('redis', 'password'), createPassword)
  const url = `redis://:${redisPassword}@${redis.host}:${redis.port}`
  await writePrivateFile(at('gateway', 'redis_url'), `${url}\n`)
  // Counts of limits and budgets: a restart must not forget what was spent today.
  const conf = ['appendonly yes', 'maxmemory-policy noeviction', `requirepass ${redisPassword}`]
  await writePrivateFile(at('redis', 'redis.conf'), `${conf.join('\n')}\n`)
  const apiKey = await readOrCreate(at('rag', 'qdrant_api_key'), createPassword)
  await writePrivateFile(at('qdrant', 'secrets.yaml'), `service:\n  api_key: ${apiKey}\n`)
}

/** Gives every folder to the user of its container, and to nobody else. */
async function close({ directory, owner }: DeploymentSecrets): Promise<void> {
  for (const name of [...SERVICES, 'migrate']) {
    // An owner of its own cannot add to the folder; root, who runs this, can.
    await setModes(join(directory, name), { file: 0o400, folder: owner ? 0o500 : 0o700, owner })
  }
  // Containers of others run as users of their own; nobody enters the folder around these.
  for (const name of ['postgres', 'redis', 'qdrant']) {
    await setModes(join(directory, name), { file: 0o444, folder: 0o755 })
  }
  await chmod(directory, 0o700)
}

interface Modes {
  readonly file: number
  readonly folder: number
  readonly owner?: DeploymentSecrets['owner']
}

async function setModes(path: string, { file, folder, owner }: Modes): Promise<void> {
  for (const name of await readdir(path)) {
    await chmod(join(path, name), file)
    if (owner) await chown(join(path, name), owner.uid, owner.gid)
  }
  await chmod(path, folder)
  if (owner) await chown(path, owner.uid, owner.gid)
}
