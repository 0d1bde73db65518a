import { randomBytes } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError } from '@lexcustis/runtime'
import { expect, test } from 'vitest'
import { generateSigningKey } from './adapters/file-signing-keys.js'
import { readConfig } from './config.js'

const folder = mkdtempSync(join(tmpdir(), 'lexcustis-audit-config-'))
const file = (name: string, text: string): string => {
  const path = join(folder, name)
  writeFileSync(path, text, { mode: 0o600 })
  return path
}
const key = randomBytes(32)
const complete = {
  AUDIT_TLS_CA_FILE: file('ca', 'ca'),
  AUDIT_TLS_CERT_FILE: file('cert', 'cert'),
  AUDIT_TLS_KEY_FILE: file('key', 'key'),
  AUDIT_TENANT_KEYS_FILE: file('jwks', '{"keys":[{"kty":"OKP"}]}'),
  AUDIT_DATABASE_URL_FILE: file('url', 'postgres://audit@localhost/lexcustis\n'),
  AUDIT_ERASER_DATABASE_URL_FILE: file('eraser', 'postgres://eraser@localhost/lexcustis\n'),
  AUDIT_RETENTION_DATABASE_URL_FILE: file(
    'retention',
    'postgres://retention@localhost/lexcustis\n',
  ),
  AUDIT_MASTER_KEY_FILE: file('master', `${key.toString('base64')}\n`),
  AUDIT_SIGNING_KEY_FILE: file('signing', generateSigningKey().pem),
}

function problems(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ name }) => name)
    throw error
  }
}

test('has defaults for everything but addresses and secrets', async () => {
  const config = readConfig(complete)
  const [epoch, ...others] = await config.masterKeys.load()
  expect(epoch!.key.export()).toEqual(key)
  expect(others).toEqual([])
  expect(config.signingKeys.previous).toBeUndefined()
  expect(config).toMatchObject({
    grpcPort: 50_051,
    metricsPort: 9_051,
    origin: 'lexcustis.local',
    lostGraceMs: 30_000,
    databaseUrl: 'postgres://audit@localhost/lexcustis',
    eraserDatabaseUrl: 'postgres://eraser@localhost/lexcustis',
    retentionDatabaseUrl: 'postgres://retention@localhost/lexcustis',
    backupRetentionDays: 35,
  })
})

test('takes every name of the contract', () => {
  const all = {
    AUDIT_GRPC_PORT: '0',
    AUDIT_METRICS_PORT: '0',
    AUDIT_LOST_GRACE_MS: '0',
    AUDIT_ORIGIN: 'audit.example.eu',
    AUDIT_CHECKPOINT_DIR: '/var/lib/checkpoints',
  }
  expect(readConfig({ ...complete, ...all })).toMatchObject({
    grpcPort: 0,
    lostGraceMs: 0,
    origin: 'audit.example.eu',
  })
})

test('names every problem at once, and no secret', () => {
  const wrong = {
    ...complete,
    AUDIT_MASTER_KEY_FILE: file('short', randomBytes(16).toString('base64')),
    AUDIT_ORIGIN: 'two words+plus',
    AUDIT_LOST_GRACE_MS: 'soon',
    AUDIT_LOST_GRACE: '1',
  }
  expect([...problems(wrong)].sort()).toEqual([
    'AUDIT_LOST_GRACE',
    'AUDIT_LOST_GRACE_MS',
    'AUDIT_MASTER_KEY_FILE',
    'AUDIT_ORIGIN',
  ])
  expect(problems({})).toEqual(
    expect.arrayContaining(['AUDIT_MASTER_KEY_FILE', 'AUDIT_SIGNING_KEY_FILE']),
  )
})
