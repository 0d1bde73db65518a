import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError, type Environment, readEnvironment } from '@lexcustis/runtime'
import { createTestCertificates } from '@lexcustis/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sampleNote } from '../test/checkpoint-store-contract.js'
import { checkpointNote } from '../test/memory-checkpoints.js'
import { startS3Server } from '../test/s3-server.js'
import {
  CHECKPOINT_SHAPE,
  checkCheckpointSettings,
  type CheckpointConfig,
  toCheckpointConfig,
} from './checkpoint-config.js'
import { openCheckpointStore } from './open-checkpoint-store.js'
import { openAnchorProgress, openWitnesses } from './open-witnesses.js'

const folder = mkdtempSync(join(tmpdir(), 'lexcustis-checkpoint-config-'))
const file = (name: string, text: string): string => {
  const path = join(folder, name)
  writeFileSync(path, text, { mode: 0o600 })
  return path
}
const keys = (group: string): Record<string, string> => ({
  [`AUDIT_${group}_ACCESS_KEY_ID_FILE`]: file('id', 'AKIATEST\n'),
  [`AUDIT_${group}_SECRET_ACCESS_KEY_FILE`]: file('secret', 'hunter2\n'),
})
const bucket = (group: string): Record<string, string> => ({
  [`AUDIT_${group}_BUCKET`]: 'checkpoints',
  [`AUDIT_${group}_REGION`]: 'eu-central-1',
})
const s3 = { AUDIT_CHECKPOINT_STORE: 's3', ...bucket('CHECKPOINT_S3') }
const url = 'https://witness.example/checkpoints'

let pem = ''
beforeAll(async () => {
  pem = (await createTestCertificates([])).ca
})
afterAll(() => rmSync(folder, { recursive: true }))

function read(env: Environment): CheckpointConfig {
  const parsed = readEnvironment('AUDIT_', env, CHECKPOINT_SHAPE)
  const problems = checkCheckpointSettings(env, 'production')
  if (problems.length > 0) throw new ConfigError(problems)
  return toCheckpointConfig(parsed)
}

function problemsOf(env: Environment): Record<string, string> {
  try {
    read(env)
    return {}
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return Object.fromEntries(error.problems.map(({ name, problem }) => [name, problem]))
  }
}

describe('settings of checkpoints and witnesses', () => {
  test('without any there is a directory, and no witness', () => {
    expect(read({})).toEqual({
      checkpointDir: 'checkpoints',
      checkpointBucket: undefined,
      webhook: undefined,
      witnessBucket: undefined,
      timestamps: undefined,
    })
  })

  test('all of them', () => {
    const token = file('token', 'token')
    const config = read({
      ...s3,
      ...keys('CHECKPOINT_S3'),
      AUDIT_CHECKPOINT_DIR: '/var/lib/checkpoints',
      AUDIT_CHECKPOINT_S3_ENDPOINT: 'https://s3.example:9000',
      AUDIT_CHECKPOINT_S3_PREFIX: 'prod/eu/',
      AUDIT_CHECKPOINT_S3_RETENTION_DAYS: '400',
      ...bucket('WITNESS_S3'),
      AUDIT_WITNESS_WEBHOOK_URL: url,
      AUDIT_WITNESS_WEBHOOK_TOKEN_FILE: token,
      AUDIT_TIMESTAMP_URL: 'http://tsa.example/tsr',
      AUDIT_TIMESTAMP_CA_FILE: file('ca', pem),
    })
    expect(config).toEqual({
      checkpointDir: '/var/lib/checkpoints',
      checkpointBucket: {
        endpoint: 'https://s3.example:9000',
        region: 'eu-central-1',
        bucket: 'checkpoints',
        prefix: 'prod/eu/',
        retentionDays: 400,
        credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'hunter2' },
      },
      witnessBucket: {
        endpoint: undefined,
        region: 'eu-central-1',
        bucket: 'checkpoints',
        prefix: '',
        retentionDays: 0,
        credentials: undefined,
      },
      webhook: { url, tokenFile: token },
      timestamps: {
        url: 'http://tsa.example/tsr',
        trustedCertificates: pem.trim(),
        everyMs: 3_600_000,
      },
    })
  })

  test.each<[string, () => Environment, string[]]>([
    [
      's3 without a bucket',
      () => ({ AUDIT_CHECKPOINT_STORE: 's3' }),
      ['CHECKPOINT_S3_BUCKET', 'CHECKPOINT_S3_REGION'],
    ],
    [
      'a bucket without s3',
      () => bucket('CHECKPOINT_S3'),
      ['CHECKPOINT_S3_BUCKET', 'CHECKPOINT_S3_REGION'],
    ],
    ['another store', () => ({ AUDIT_CHECKPOINT_STORE: 'S3' }), ['CHECKPOINT_STORE']],
    ['half a witness', () => ({ AUDIT_WITNESS_S3_BUCKET: 'abc' }), ['WITNESS_S3_REGION']],
    ['keys for no bucket', () => keys('WITNESS_S3'), ['WITNESS_S3_BUCKET', 'WITNESS_S3_REGION']],
    [
      'half a key',
      () => ({ ...s3, AUDIT_CHECKPOINT_S3_ACCESS_KEY_ID_FILE: file('half', 'id') }),
      ['CHECKPOINT_S3_SECRET_ACCESS_KEY_FILE'],
    ],
    [
      'a token for nobody',
      () => ({ AUDIT_WITNESS_WEBHOOK_TOKEN_FILE: file('t', 't') }),
      ['WITNESS_WEBHOOK_URL'],
    ],
    [
      'a token that is not there',
      () => ({
        AUDIT_WITNESS_WEBHOOK_URL: url,
        AUDIT_WITNESS_WEBHOOK_TOKEN_FILE: join(folder, 'absent'),
      }),
      ['WITNESS_WEBHOOK_TOKEN_FILE'],
    ],
    [
      'a token in the clear',
      () => ({
        AUDIT_WITNESS_WEBHOOK_URL: 'http://witness.example/',
        AUDIT_WITNESS_WEBHOOK_TOKEN_FILE: file('t', 't'),
      }),
      ['WITNESS_WEBHOOK_URL'],
    ],
    [
      'a login in an address',
      () => ({ AUDIT_WITNESS_WEBHOOK_URL: 'https://me:secret@witness.example/' }),
      ['WITNESS_WEBHOOK_URL'],
    ],
    [
      'a file as an address',
      () => ({ AUDIT_TIMESTAMP_URL: 'file:///etc/passwd' }),
      ['TIMESTAMP_URL'],
    ],
    ['a pace of nothing', () => ({ AUDIT_TIMESTAMP_INTERVAL_MS: '5' }), ['TIMESTAMP_URL']],
    [
      'certificates that are none',
      () => ({ AUDIT_TIMESTAMP_URL: url, AUDIT_TIMESTAMP_CA_FILE: file('none', 'PEM') }),
      ['TIMESTAMP_CA_FILE'],
    ],
    [
      'a prefix that is no folder',
      () => ({ ...s3, AUDIT_CHECKPOINT_S3_PREFIX: 'prod' }),
      ['CHECKPOINT_S3_PREFIX'],
    ],
    [
      'the store as its own witness',
      () => ({ ...s3, ...bucket('WITNESS_S3') }),
      ['WITNESS_S3_BUCKET'],
    ],
    ['a misspelt name', () => ({ AUDIT_WITNESS_URL: url }), ['WITNESS_URL']],
  ])('%s is named', (_, env, names) => {
    const found = problemsOf(env())
    expect(Object.keys(found).sort()).toEqual(names.map((name) => `AUDIT_${name}`).sort())
    expect(JSON.stringify(found)).not.toMatch(/hunter2|secret@/)
  })
})

describe('what is opened from them', () => {
  const log = {
    organizationId: '0199c1d2-0000-7000-8000-000000000001',
    incarnation: '0199c1d2-0000-7000-8000-00000000000a',
  }

  test('a directory, a bucket with a lock, and no bucket without', async () => {
    using directory = await openCheckpointStore(
      read({ AUDIT_CHECKPOINT_DIR: join(folder, 'kept') }),
    )
    await directory.put(log, 3n, sampleNote(3n))
    expect(await directory.newest(log)).toBe(sampleNote(3n))
    for (const objectLock of [true, false]) {
      await using server = await startS3Server({
        bucket: 'checkpoints',
        accessKeyId: 'AKIATEST',
        objectLock,
      })
      const endpoint = { AUDIT_CHECKPOINT_S3_ENDPOINT: server.endpoint }
      const config = read({ ...s3, ...keys('CHECKPOINT_S3'), ...endpoint })
      if (objectLock) {
        using store = await openCheckpointStore(config)
        await store.put(log, 3n, sampleNote(3n))
        expect(await store.newest(log)).toBe(sampleNote(3n))
      } else {
        await expect(openCheckpointStore(config)).rejects.toMatchObject({ reason: 'UNAVAILABLE' })
      }
    }
  })

  test('every witness that is named; a bucket that is away is one once it is there', async () => {
    await using server = await startS3Server({
      bucket: 'checkpoints',
      accessKeyId: 'AKIATEST',
      objectLock: true,
    })
    const config = read({
      ...bucket('WITNESS_S3'),
      ...keys('WITNESS_S3'),
      AUDIT_WITNESS_S3_ENDPOINT: server.endpoint,
      AUDIT_WITNESS_S3_RETENTION_DAYS: '1',
      AUDIT_WITNESS_WEBHOOK_URL: url,
      AUDIT_TIMESTAMP_URL: 'http://tsa.example/',
      AUDIT_CHECKPOINT_DIR: join(folder, 'with-witnesses'),
    })
    using store = await openCheckpointStore(config)
    const witnesses = openWitnesses(config, store)
    expect(witnesses.map(({ name, everyMs = 0 }) => [name, everyMs])).toEqual([
      ['webhook', 0],
      ['bucket', 0],
      ['timestamp', 3_600_000],
    ])
    server.intercept = (request, response) => {
      request.resume()
      response.writeHead(500).end()
      return true
    }
    const checkpoint = { log, size: 3n, note: checkpointNote(log, 3n) }
    const [, second] = witnesses
    await expect(second!.push(checkpoint)).rejects.toMatchObject({ reason: 'UNAVAILABLE' })
    server.intercept = () => false
    await second!.push(checkpoint)
    await second!.push(checkpoint)
    expect(server.keys()).toHaveLength(1)
    const other = { ...checkpoint, note: checkpoint.note.replace('example.com', 'example.org') }
    await expect(second!.push(other)).rejects.toMatchObject({ name: 'CheckpointConflictError' })

    const progress = openAnchorProgress(config)
    await progress.write('bucket', log, { size: 3n, atMicros: 1n })
    expect(await openAnchorProgress(config).read('bucket', log)).toEqual({ size: 3n, atMicros: 1n })
    const logs = []
    for await (const each of store.logs()) logs.push(each)
    expect(logs).toEqual([])
  })
})
