import type { AddressInfo } from 'node:net'
import { AppError, systemClock } from '@lexcustis/core'
import { CommittedField } from '@lexcustis/proto/audit'
import { createLogger, createMetrics } from '@lexcustis/runtime'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type App, buildApp } from '../src/app.js'
import { chatRoutes } from '../src/routes/chat.js'
import { PRINCIPAL } from './chat/fakes.js'
import { KEY, parseEvents, UNLIMITED_LIMITER } from './chat/http.js'
import { ChatPeers } from './chat/peers.js'

// The chat between a real HTTP client and real gRPC services over mutual TLS.

const QUESTION = 'Which events must be reported within two days?'
const SECRET = 'SECRET-7f3a'

let world: ChatPeers
let app: App
let url: string
let shutdown: AbortController
let lines: string[]
let released: number

beforeEach(async () => {
  world = await ChatPeers.start()
  shutdown = new AbortController()
  lines = []
  released = 0
  const limit = { limit: 1_000_000, windowSeconds: 60 }
  const destination = { write: (line: string) => void lines.push(line) }
  const metrics = createMetrics('gateway')
  app = await buildApp(
    {
      authenticator: {
        authenticate: async (bearer) => {
          if (bearer === KEY) return PRINCIPAL
          throw new AppError('UNAUTHENTICATED', 'sign in first')
        },
      },
      limiter: UNLIMITED_LIMITER,
      userLimit: { name: 'user', ...limit },
      ipLimit: { name: 'ip', ...limit },
      events: { requestFailed: () => undefined },
      trustedProxies: [],
    },
    {
      peers: world.peers,
      tokens: world.tokens,
      admission: { admit: async () => ({ release: async () => void (released += 1) }) },
      clock: systemClock,
      log: createLogger({ service: 'gateway', level: 'debug', destination }),
      metrics,
      chatMaxMs: 10_000,
      shutdown: shutdown.signal,
    },
    [chatRoutes],
  )
  await app.listen({ host: '127.0.0.1', port: 0 })
  url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
})

afterEach(async () => {
  shutdown.abort()
  app.server.closeAllConnections()
  await app.close()
  await world[Symbol.asyncDispose]()
})

async function ask(body: object = {}, init: RequestInit = {}): Promise<Response> {
  return fetch(`${url}/api/v1/chat`, {
    method: 'POST',
    ...init,
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${KEY}`,
      ...(init.headers as Record<string, string> | undefined),
    },
    body: JSON.stringify({
      messages: [{ role: 'user', content: `${QUESTION} ${SECRET}` }],
      ...body,
    }),
  })
}

/** Reads until the stream holds `text`, and leaves it running. */
async function readUntil(response: Response, text: string): Promise<void> {
  const reader = response.body?.getReader()
  let read = ''
  while (reader && !read.includes(text)) {
    const piece = await reader.read()
    if (piece.done) throw new Error(`ended before ${text}`)
    read += Buffer.from(piece.value as Uint8Array).toString()
  }
  reader?.releaseLock()
}

async function rest(response: Response): Promise<string[]> {
  let text = ''
  for await (const chunk of response.body ?? []) text += Buffer.from(chunk).toString()
  return parseEvents(text).map(({ event, data }) => event || data)
}

test('one question goes through all four services on behalf of its organisation', async () => {
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
  const response = await ask({}, { headers: { traceparent: `00-${trace}-00f067aa0ba902b7-01` } })
  const events = parseEvents(await response.text())
  expect(events.map(({ event, data }) => event || data).filter((name) => name !== 'delta')).toEqual(
    ['meta', 'sources', 'receipt', '[DONE]'],
  )
  const requestId = response.headers.get('x-request-id') ?? ''
  const [start, end] = world.appended
  expect(start?.request).toMatchObject({ id: requestId, type: 'chat.started', ref: '', trace })
  expect(JSON.parse(start?.request.attrsJson ?? '')).toMatchObject({
    policy_version: '7',
    pii: { email: 2 },
    rules: ['pii.email'],
    injection_e4: 40,
    retrieval: 'hybrid',
    sources: [{ chunk: 'c-1', version: 2, score_e4: 10_000 }],
  })
  expect(start?.request.content.map(({ field }) => field)).toEqual([
    CommittedField.PROMPT,
    CommittedField.PASSAGES,
  ])
  expect(end?.request).toMatchObject({ type: 'chat.completed', ref: requestId, trace })
  expect(JSON.parse(end?.request.attrsJson ?? '')).toMatchObject({
    finish_reason: 'length',
    tokens_in: 9,
    tokens_estimated: true,
    model_snapshot: 'small-2611',
  })
  expect(end?.request.content).toEqual([
    { field: CommittedField.RESPONSE, value: 'Within two days.' },
  ])
  const calls = [start, end, world.preChecks[0], world.postChecks[0], world.asked[0]]
  for (const call of calls) {
    expect(call?.tenant).toMatchObject({
      organizationId: PRINCIPAL.organizationId,
      userId: PRINCIPAL.userId,
      userRole: 'member',
    })
    expect(call?.traceparent?.slice(3, 35)).toBe(trace)
  }
  expect(world.asked[0]?.request).toMatchObject({
    provider: 'mistral',
    model: 'small',
    sources: [{ n: 1, title: 'AI Act › Chapter IX › Article 73' }],
  })
  expect(world.postChecks[0]?.request).toMatchObject({
    answer: 'Within two days.',
    passages: [{ n: 1, text: 'Not later than two days.' }],
  })
})

test('a client that leaves cancels the model at the far end', async () => {
  world.hangs = true
  const abort = new AbortController()
  const response = await ask({}, { signal: abort.signal })
  await readUntil(response, 'event: delta')
  abort.abort()
  await vi.waitFor(() => expect(world.cancelled).toBe(true), 1_000)
  const requestId = response.headers.get('x-request-id') ?? ''
  await vi.waitFor(() => expect(world.typesOf(requestId)).toEqual(['chat.aborted']), 5_000)
  expect(world.appended.at(-1)?.request.attrsJson).toContain('client_cancelled')
})

test('a client that leaves before the first token does so too', async () => {
  world.hangs = true
  world.deltas = []
  const abort = new AbortController()
  const response = await ask({}, { signal: abort.signal })
  await vi.waitFor(() => expect(world.asked).toHaveLength(1))
  abort.abort()
  await vi.waitFor(() => expect(world.cancelled).toBe(true), 1_000)
  const requestId = response.headers.get('x-request-id') ?? ''
  await vi.waitFor(() => expect(world.typesOf(requestId)).toEqual(['chat.aborted']), 5_000)
})

test('the model service killed in the middle: an error event, one end that names it', async () => {
  world.hangs = true
  const response = await ask()
  await readUntil(response, 'event: delta')
  await world.kill('llm')
  expect((await rest(response)).at(-1)).toBe('error')
  expect(world.appended).toHaveLength(2)
  expect(JSON.parse(world.appended[1]?.request.attrsJson ?? '')).toMatchObject({
    outcome: 'internal_error',
    failed_service: 'llm',
  })
})

test('rag away: an answer without sources that says so', async () => {
  await world.kill('rag')
  const body = (await (await ask({ stream: false })).json()) as Record<string, unknown>
  expect(body).toMatchObject({ answer: 'Within two days.', sources: { items: [], degraded: true } })
  expect(world.appended[0]?.request.attrsJson).toContain('"retrieval":"failed"')
})

test.each(['compliance', 'audit', 'llm'] as const)(
  '%s away: a plain 503, nothing sent to a model, and the place of the day is given back',
  async (name) => {
    await world.kill(name)
    const response = await ask()
    expect(response.status).toBe(503)
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/)
    expect(await response.text()).not.toMatch(/127\.0\.0\.1|ECONN/)
    expect(world.asked).toEqual([])
    expect(world.appended).toEqual([])
    expect(released).toBe(1)
  },
)

test('a shutdown ends the stream with an error event and records it', async () => {
  world.hangs = true
  const response = await ask()
  await readUntil(response, 'event: delta')
  shutdown.abort()
  expect((await rest(response)).at(-1)).toBe('error')
  expect(world.appended.at(-1)?.request.attrsJson).toContain('"outcome":"shutdown"')
  expect((await ask()).status).toBe(503)
})

test('neither question nor answer reaches a log line', async () => {
  world.deltas = [`answer ${SECRET}`]
  await (await ask()).text()
  await world.kill('compliance')
  await (await ask()).text()
  await world.kill('audit')
  await (await ask()).text()
  expect(lines.join('')).not.toContain(SECRET)
})
