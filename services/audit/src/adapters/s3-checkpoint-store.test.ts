import { AppError } from '@lexcustis/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { describeCheckpointStore, sampleNote } from '../../test/checkpoint-store-contract.js'
import { type S3Server, startS3Server } from '../../test/s3-server.js'
import type { CheckpointStore } from '../domain/checkpoint-store.js'
import { connectS3Bucket, type S3Bucket, type S3Options } from './s3-bucket.js'
import { createS3CheckpointStore } from './s3-checkpoint-store.js'

const log = {
  organizationId: '0199c1d2-0000-7000-8000-000000000001',
  incarnation: '0199c1d2-0000-7000-8000-00000000000a',
}
const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' }
const DAY_MS = 86_400_000

const settings = (server: S3Server): S3Options => ({
  endpoint: server.endpoint,
  region: 'eu-central-1',
  bucket: 'checkpoints',
  prefix: 'lex custis/',
  retentionDays: 30,
  credentials,
  timeoutMs: 1_000,
})
const start = (objectLock = true): Promise<S3Server> =>
  startS3Server({ bucket: 'checkpoints', objectLock, accessKeyId: 'AKIATEST', pageSize: 2 })

describeCheckpointStore('S3', async () => {
  const server = await start()
  const buckets: S3Bucket[] = []
  return {
    open: async () => {
      const bucket = await connectS3Bucket(settings(server))
      buckets.push(bucket)
      return createS3CheckpointStore(bucket)
    },
    [Symbol.asyncDispose]: async () => {
      for (const bucket of buckets) bucket[Symbol.dispose]()
      await server[Symbol.asyncDispose]()
    },
  }
})

describe('the bucket', () => {
  let server: S3Server
  let bucket: S3Bucket
  let store: CheckpointStore
  beforeEach(async () => {
    server = await start()
    bucket = await connectS3Bucket(settings(server))
    store = createS3CheckpointStore(bucket)
  })
  afterEach(async () => {
    bucket[Symbol.dispose]()
    await server[Symbol.asyncDispose]()
  })

  test('locks every object it writes for the days configured', async () => {
    await store.put(log, 5n, sampleNote(5n))
    await store.putTimestamp(log, 5n, Buffer.from('token'))
    await store.putEntry(0n, 'leaf')
    expect(server.keys()).toHaveLength(3)
    for (const key of server.keys()) {
      const [version, ...others] = server.versions(key)
      expect(others).toEqual([])
      expect(version?.lockMode).toBe('COMPLIANCE')
      const days = (Number(version?.retainUntil) - Date.now()) / DAY_MS
      expect(days).toBeGreaterThan(29.9)
      expect(days).toBeLessThanOrEqual(30)
      const target = `${server.endpoint}/checkpoints/${encodeURI(key)}?versionId=${version?.id ?? ''}`
      const authorization = `AWS4-HMAC-SHA256 Credential=AKIATEST/20261123/eu-central-1/s3/aws4_request, SignedHeaders=host, Signature=${'0'.repeat(64)}`
      const removed = await fetch(target, {
        method: 'DELETE',
        headers: { authorization, 'x-amz-date': '20261123T000000Z' },
      })
      expect(removed.status).toBe(403)
    }
  })

  test('names the newest first, so that one listing of one key finds it', async () => {
    for (const size of [9n, 10n, 1_000_000n]) await store.put(log, size, sampleNote(size))
    expect(server.keys()[0]).toBe(
      `lex custis/organizations/${log.organizationId}/${log.incarnation}/notes/` +
        '9223372036853775807-0000000000001000000.note',
    )
    server.requests.length = 0
    await store.newest(log)
    expect(server.requests).toHaveLength(2)
    expect(server.requests[0]).toContain('max-keys=1')
  })

  test('a bucket without object lock is refused, unless nothing is to be locked', async () => {
    const open = await start(false)
    const locking = await connectS3Bucket(settings(open))
    const plain = await connectS3Bucket({ ...settings(open), retentionDays: 0 })
    await expect(locking.assertLocks()).rejects.toMatchObject({
      reason: 'UNAVAILABLE',
      message: expect.stringContaining('object lock') as string,
    })
    await expect(createS3CheckpointStore(locking).put(log, 1n, 'note')).rejects.toThrow(AppError)
    await plain.assertLocks()
    await createS3CheckpointStore(plain).put(log, 1n, sampleNote(1n))
    expect(await createS3CheckpointStore(plain).newest(log)).toBe(sampleNote(1n))
    for (const each of [locking, plain]) each[Symbol.dispose]()
    await open[Symbol.asyncDispose]()
    await bucket.assertLocks()
  })

  test('a write whose answer was lost is repeated and finds itself', async () => {
    let lost = 0
    server.intercept = (request, response) => {
      if (request.method !== 'PUT' || lost > 0) return false
      lost += 1
      response.on('finish', () => undefined)
      const end = response.end.bind(response)
      response.end = (() => {
        request.socket.destroy()
        return end()
      }) as typeof response.end
      return false
    }
    await store.put(log, 6n, sampleNote(6n))
    expect(lost).toBe(1)
    expect(await store.get(log, 6n)).toBe(sampleNote(6n))
    expect(server.requests.filter((line) => line.startsWith('PUT'))).toHaveLength(2)
  })

  test('a conflict of two conditional writes is tried again', async () => {
    let refused = 0
    server.intercept = (request, response) => {
      if (request.method !== 'PUT' || refused === 2) return false
      refused += 1
      request.resume()
      response.writeHead(409, { 'content-type': 'application/xml' })
      response.end('<Error><Code>ConditionalRequestConflict</Code></Error>')
      return true
    }
    await store.put(log, 6n, sampleNote(6n))
    expect(await store.newest(log)).toBe(sampleNote(6n))
  })

  test.each(['InternalError', 'SlowDown', 'AccessDenied'])('%s is UNAVAILABLE', async (code) => {
    server.intercept = (request, response) => {
      request.resume()
      response.writeHead(code === 'AccessDenied' ? 403 : 503, { 'content-type': 'application/xml' })
      response.end(`<Error><Code>${code}</Code></Error>`)
      return true
    }
    const expected = { reason: 'UNAVAILABLE', message: expect.stringContaining(code) as string }
    await expect(store.put(log, 6n, sampleNote(6n))).rejects.toMatchObject(expected)
    await expect(store.newest(log)).rejects.toMatchObject(expected)
    await expect(store.get(log, 6n)).rejects.toMatchObject(expected)
  })

  test('a bucket that is not there is no empty store', async () => {
    const wrong = await connectS3Bucket({ ...settings(server), bucket: 'other' })
    const other = createS3CheckpointStore(wrong)
    await expect(other.newest(log)).rejects.toMatchObject({ reason: 'UNAVAILABLE' })
    await expect(other.get(log, 1n)).rejects.toMatchObject({ reason: 'UNAVAILABLE' })
    await expect(wrong.assertLocks()).rejects.toMatchObject({ reason: 'UNAVAILABLE' })
    wrong[Symbol.dispose]()
  })

  test('silence ends after the timeout', async () => {
    server.intercept = () => true
    const impatient = await connectS3Bucket({ ...settings(server), timeoutMs: 50 })
    await expect(createS3CheckpointStore(impatient).newest(log)).rejects.toMatchObject({
      reason: 'UNAVAILABLE',
    })
    impatient[Symbol.dispose]()
  })

  test('foreign credentials are refused, and nothing secret is said', async () => {
    const secret = { accessKeyId: 'AKIAOTHER', secretAccessKey: 'hunter2' }
    const foreign = await connectS3Bucket({ ...settings(server), credentials: secret })
    const error: unknown = await createS3CheckpointStore(foreign)
      .put(log, 1n, sampleNote(1n))
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ reason: 'UNAVAILABLE' })
    expect((error as AppError).message).not.toMatch(/hunter2|AKIAOTHER/)
    foreign[Symbol.dispose]()
  })
})
