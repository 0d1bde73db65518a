import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { get as httpGet, type IncomingMessage } from 'node:http'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { AppError } from '@lexcustis/core'
import { VERIFIER_PAGE } from '@lexcustis/evidence'
import type { ExportPeriodRequest } from '@lexcustis/proto/audit'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Entry, fromBuffer, type ZipFile } from 'yauzl'
import { type Tenant, World } from './world.js'

let world: World
let tenant: Tenant

beforeAll(async () => {
  world = await World.start()
  tenant = await world.createTenant()
})
afterAll(async () => world[Symbol.asyncDispose]())

const get = async (path: string, token = tenant.admin.token) => world.call('GET', path, { token })

const EXPORT = '/api/v1/audit/export'

async function download(query = ''): Promise<Response> {
  const headers = { authorization: `Bearer ${tenant.admin.token}` }
  return fetch(`${world.url}${EXPORT}${query}`, { headers })
}

/** Members as another implementation of zip reads them. */
async function unzipped(archive: Buffer): Promise<Map<string, Buffer>> {
  const open = promisify<Buffer, object, ZipFile>(fromBuffer)
  const zip = await open(archive, { lazyEntries: true })
  const members = new Map<string, Buffer>()
  zip.on('entry', (entry: Entry) => {
    zip.openReadStream(entry, (error, stream) => {
      if (error) throw error
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        members.set(entry.fileName, Buffer.concat(chunks))
        zip.readEntry()
      })
    })
  })
  zip.readEntry()
  await once(zip, 'end')
  return members
}

describe('the export', () => {
  test('is a zip of the members as the audit service streams them', async () => {
    const large = randomBytes(3_000_000)
    const seen: ExportPeriodRequest[] = []
    world.neighbours.exportOf = async function* (request, call) {
      seen.push(request)
      expect((await call.tenant()).organizationId).toBe(tenant.id)
      yield { member: 'content.jsonl', data: Buffer.alloc(0) }
      for (let at = 0; at < large.length; at += 65_536) {
        yield { member: 'records.jsonl', data: large.subarray(at, at + 65_536) }
      }
      yield { member: 'proofs/0.json', data: Buffer.from('{}\n') }
      yield { member: 'manifest.json', data: Buffer.from('{"a"') }
      yield { member: 'manifest.json', data: Buffer.from(':1}') }
    }
    const query = '?from=2026-11-01T00:00:00Z&to=2026-12-01T00:00:00.5Z&previous=12'
    const answer = await download(query)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('application/zip')
    expect(answer.headers.get('content-disposition')).toMatch(
      new RegExp(`^attachment; filename="lexcustis-audit-${tenant.id}-\\d{8}T\\d{6}Z\\.zip"$`),
    )
    const members = await unzipped(Buffer.from(await answer.arrayBuffer()))
    expect([...members.keys()]).toEqual([
      'content.jsonl',
      'records.jsonl',
      'proofs/0.json',
      'manifest.json',
    ])
    expect(members.get('content.jsonl')).toHaveLength(0)
    expect(members.get('records.jsonl')?.equals(large)).toBe(true)
    expect(String(members.get('manifest.json'))).toBe('{"a":1}')
    expect(seen).toEqual([
      {
        from: '2026-11-01T00:00:00Z',
        to: '2026-12-01T00:00:00.5Z',
        previous: 12n,
        resumeAt: 0n,
      },
    ])
  })

  test('that is refused answers with a problem document', async () => {
    const cases = [
      [new AppError('NOT_FOUND', 'there is no checkpoint of this size'), 404],
      [new AppError('RATE_LIMITED', 'other exports are running', { retryAfterMs: 10_000 }), 429],
    ] as const
    for (const [error, status] of cases) {
      world.neighbours.exportOf = () => ({
        [Symbol.asyncIterator]: () => ({ next: async () => Promise.reject(error) }),
      })
      const answer = await get(EXPORT)
      expect(answer).toMatchObject({ status, json: { reason: error.reason } })
      expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/)
    }
    expect((await get(EXPORT)).headers.get('retry-after')).toBe('10')
  })

  test.each([
    'from=2026-11-01T00:00:00Z',
    'to=2026-11-01T00:00:00Z',
    'from=2026-11-01&to=2026-12-01',
    'from=2026-11-01T00:00:00%2B01:00&to=2026-12-01T00:00:00Z',
    'from=2026-11-01T00:00:00.1234567Z&to=2026-12-01T00:00:00Z',
    'previous=-1',
    'previous=01',
    'previous=1&previous=2',
  ])('refuses what is no period and no size: %s', async (query) => {
    expect(await get(`${EXPORT}?${query}`)).toMatchObject({
      status: 400,
      json: { reason: 'INVALID_INPUT' },
    })
  })

  test('that fails in the middle cuts the connection: no client takes it for whole', async () => {
    world.neighbours.exportOf = async function* () {
      yield { member: 'records.jsonl', data: randomBytes(200_000) }
      throw new AppError('UNAVAILABLE', 'the database is gone')
    }
    const answer = await download()
    expect(answer.status).toBe(200)
    await expect(answer.arrayBuffer()).rejects.toThrow()
  })

  test('goes at the speed of the client, and stops when the client leaves', async () => {
    let sentBytes = 0
    let cancelled = false
    let ended = false
    world.neighbours.exportOf = async function* (_request, call) {
      call.signal.addEventListener('abort', () => (cancelled = true))
      try {
        for (let count = 0; count < 4_000; count += 1) {
          sentBytes += 65_536
          yield { member: 'records.jsonl', data: randomBytes(65_536) }
        }
      } finally {
        ended = true
      }
    }
    const request = httpGet(`${world.url}${EXPORT}`, {
      headers: { authorization: `Bearer ${tenant.admin.token}` },
    })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    response.pause()
    let before = -1
    await vi.waitFor(
      async () => {
        before = sentBytes
        await pause(300)
        expect(sentBytes).toBe(before)
      },
      { timeout: 10_000 },
    )
    // Buffers of four sockets and streams, and no more.
    expect(sentBytes).toBeLessThan(40_000_000)
    request.on('error', () => undefined)
    response.destroy()
    await vi.waitFor(() => expect({ cancelled, ended }).toEqual({ cancelled: true, ended: true }))
  })

  test('is not made for a HEAD, which would record it and throw it away', async () => {
    let isAsked = false
    world.neighbours.exportOf = async function* () {
      isAsked = true
      yield { member: 'manifest.json', data: Buffer.from('{}') }
    }
    const answer = await world.call('HEAD', EXPORT, { token: tenant.admin.token })
    expect({ status: answer.status, isAsked }).toEqual({ status: 405, isAsked: false })
  })

  test('that is waited for is given up when the client leaves', async () => {
    let cancelled = false
    let asked = false
    world.neighbours.exportOf = async function* (_request, call) {
      asked = true
      await once(call.signal, 'abort')
      cancelled = true
      yield { member: 'never', data: Buffer.alloc(0) }
    }
    const gone = new AbortController()
    const headers = { authorization: `Bearer ${tenant.admin.token}` }
    const answer = fetch(`${world.url}${EXPORT}`, { headers, signal: gone.signal })
    answer.catch(() => undefined)
    await vi.waitFor(() => expect(asked).toBe(true))
    gone.abort()
    await vi.waitFor(() => expect(cancelled).toBe(true))
  })
})

describe('what an auditor checks with', () => {
  test('checkpoint, proofs and keys are passed on as the audit service has them', async () => {
    const checkpoint = await get('/api/v1/audit/checkpoint')
    expect(checkpoint.text).toBe(`a checkpoint of ${tenant.id}\n`)
    expect(checkpoint.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    const base64 = (byte: number) => Buffer.alloc(32, byte).toString('base64')
    const proofs = '/api/v1/audit/proofs'
    expect((await get(`${proofs}/inclusion?sequence=2&size=3`)).json).toEqual({
      size: '3',
      hashes: [base64(2)],
    })
    expect((await get(`${proofs}/inclusion?sequence=2`)).json).toMatchObject({ size: '4' })
    expect((await get(`${proofs}/consistency?from=1&to=2`)).json).toEqual({
      size: '2',
      hashes: [base64(1)],
    })
    expect((await get(`${proofs}/consistency?from=1`)).json).toMatchObject({ size: '4' })
    expect((await get('/api/v1/audit/keys')).json).toEqual({ vkeys: [tenant.id] })
  })

  test('public keys need no account, name no tenant and are remembered for a minute', async () => {
    const path = '/.well-known/lexcustis/audit-keys.json'
    const announced_at = '2026-11-23T10:15:30.123456Z'
    const answer = await world.call('GET', path)
    expect(answer.json).toEqual({
      origin: 'test.local',
      keys: [
        {
          public_key: Buffer.alloc(32, 1).toString('base64'),
          announced_at,
          retired_at: announced_at,
        },
        { public_key: Buffer.alloc(32, 2).toString('base64'), announced_at, retired_at: null },
      ],
    })
    expect(answer.headers.get('cache-control')).toBe('public, max-age=60')
    await Promise.all([world.call('GET', path), world.call('GET', path)])
    expect(world.neighbours.deploymentKeyCalls).toBe(1)
  })

  test('the page of the offline verifier is a file to keep, not a page of ours', async () => {
    const answer = await get('/api/v1/audit/verifier')
    if (existsSync(VERIFIER_PAGE)) {
      expect(answer.status).toBe(200)
      expect(answer.text).toMatch(/^<!doctype html>/i)
      expect(answer.headers.get('content-disposition')).toMatch(/^attachment;/)
    } else {
      expect(answer).toMatchObject({ status: 404, json: { reason: 'NOT_FOUND' } })
    }
  })
})
