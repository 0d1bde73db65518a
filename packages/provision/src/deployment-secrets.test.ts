import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { ensureDeploymentSecrets, SecretsDamagedError } from './deployment-secrets.js'

const hosts = { postgres: { host: 'db.example', port: 5432 }, redis: { host: 'redis', port: 6379 } }
let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lexcustis-secrets-'))
  return async () => rm(directory, { recursive: true })
})

async function everything(): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    found.set(path.slice(directory.length + 1), await readFile(path, 'utf8'))
  }
  return found
}

describe('secrets of a deployment', () => {
  test('are the same after a second time', async () => {
    await ensureDeploymentSecrets({ directory, hosts })
    const first = await everything()
    await ensureDeploymentSecrets({ directory, hosts })
    expect(await everything()).toEqual(first)
  })

  test('the master key, the signing key and the key of the authority are in one folder each', async () => {
    await ensureDeploymentSecrets({ directory, hosts })
    const files = await everything()
    const holders = (secret: string) =>
      [...files].filter(([, text]) => text.includes(secret)).map(([path]) => path)
    for (const path of ['audit/master_key', 'audit/signing_key', 'llm/sealing_key', 'ca/tls.key']) {
      expect(holders((files.get(path) ?? 'missing').trim())).toEqual([path])
    }
    const password = files.get('migrate/lexcustis_audit_password')?.trim() ?? 'missing'
    expect(holders(password)).toEqual(
      expect.arrayContaining(['audit/database_url', 'migrate/lexcustis_audit_password']),
    )
    expect(holders(password)).toHaveLength(2)
  })

  test('nobody else can read what is for one container', async () => {
    await ensureDeploymentSecrets({ directory, hosts })
    expect((await stat(directory)).mode & 0o777).toBe(0o700)
    expect((await stat(join(directory, 'audit'))).mode & 0o077).toBe(0)
    expect((await stat(join(directory, 'audit/master_key'))).mode & 0o777).toBe(0o400)
  })

  test.each(['master_key', 'signing_key'])('a lost %s is damage, and stays lost', async (name) => {
    await ensureDeploymentSecrets({ directory, hosts })
    await rm(join(directory, 'audit', name))
    await expect(ensureDeploymentSecrets({ directory, hosts })).rejects.toThrow(SecretsDamagedError)
    expect(await readdir(join(directory, 'audit'))).not.toContain(name)
  })

  test('an address that changed is written anew, with the password of before', async () => {
    await ensureDeploymentSecrets({ directory, hosts })
    const before = new URL((await readFile(join(directory, 'rag/database_url'), 'utf8')).trim())
    const moved = { ...hosts, postgres: { host: 'other.example', port: 6000 } }
    await ensureDeploymentSecrets({ directory, hosts: moved })
    const after = new URL((await readFile(join(directory, 'rag/database_url'), 'utf8')).trim())
    expect(after.host).toBe('other.example:6000')
    expect(after.password).toBe(before.password)
  })
})
