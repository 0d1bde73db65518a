import {
  readScenario,
  type ScriptedProvider,
  startScriptedProvider,
  startStack,
  type TestStack,
} from '@lexcustis/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Client, dataOf, type Entry, readEvents, type Receipt, textOf } from './client.js'

const TOKENS = Array.from({ length: 40 }, (_, n) => `word${n} `)
const SLOW = { tokens: TOKENS, tokenDelayMs: 50 }
const QUESTION = 'Tell me something.'

let provider: ScriptedProvider
let stack: TestStack
let client: Client

const login = async () => {
  const { email, password } = stack.ready.login
  return Client.login(stack.ready.url, email, password)
}

beforeAll(async () => {
  provider = await startScriptedProvider()
  stack = await startStack({
    env: {
      LLM_PROVIDER: 'openai-compatible',
      LLM_BASE_URL: provider.url,
      LLM_MODEL: 'scripted',
      LLM_FIRST_TOKEN_TIMEOUT_MS: '3000',
      LLM_IDLE_TIMEOUT_MS: '2000',
      GATEWAY_CHAT_MAX_MS: '20000',
      GATEWAY_DRAIN_MS: '3000',
      GATEWAY_USER_REQUESTS_PER_MINUTE: '100000',
      GATEWAY_IP_REQUESTS_PER_MINUTE: '100000',
      GATEWAY_ORG_DAILY_CHAT_CAP: '100000',
      AUDIT_LOST_GRACE_MS: '1000',
    },
  })
  client = await login()
}, 240_000)
afterAll(async () => {
  await stack[Symbol.asyncDispose]()
  await provider[Symbol.asyncDispose]()
}, 60_000)
beforeEach(() => provider.setScenario({ tokens: TOKENS.slice(0, 5) }))

/** Opens a chat and reads until `deltas` deltas came; returns its id and leaves it running. */
async function open(deltas: number, signal?: AbortSignal) {
  const response = await client.chat(QUESTION, signal)
  expect(response.status).toBe(200)
  const requestId = response.headers.get('x-request-id') ?? ''
  const events = readEvents(response.body as ReadableStream<Uint8Array>)
  for (let seen = 0; seen < deltas;) {
    const { value } = (await events.next()) as { value?: { event: string } }
    if (value?.event === 'delta') seen += 1
  }
  return { requestId, events, response }
}

/** One whole chat gets through: everything is back after a kill, and nothing of before still runs. */
async function recovered(): Promise<void> {
  provider.setScenario({ tokens: ['ok'] })
  await eventually(async () => client.chatEvents(QUESTION), 60_000)
}

async function waitFor(holds: () => boolean | Promise<boolean>, timeoutMs = 15_000): Promise<void> {
  const deadline = Date.now() + timeoutMs
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('waited too long')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const outcomes = (ends: readonly Entry[]) => ends.map(({ envelope }) => envelope.attrs['outcome'])

describe('exactly one end follows each start', () => {
  test('a complete answer: completed, with the provider’s own counts', async () => {
    const events = await client.chatEvents(QUESTION)
    const receipt = dataOf<Receipt>(events, 'receipt')
    expect(textOf(events)).toBe(TOKENS.slice(0, 5).join(''))
    const ends = await client.endsOf(receipt.request_id)
    expect(outcomes(ends)).toEqual(['completed'])
    expect(ends[0]?.envelope.attrs).toMatchObject({
      delivered: true,
      provider: 'openai-compatible',
      model: 'scripted',
    })
  })

  test('the client leaves before the first token: the provider is cancelled within a second', async () => {
    provider.setScenario({ tokens: TOKENS, firstTokenDelayMs: 2_500 })
    const before = provider.requests.length
    const abort = new AbortController()
    const response = await client.chat(QUESTION, abort.signal)
    const requestId = response.headers.get('x-request-id') ?? ''
    await waitFor(() => provider.requests.length > before)
    abort.abort()
    await waitFor(() => provider.requests.at(-1)?.aborted === true, 1_500)
    expect(outcomes(await client.endsOf(requestId))).toEqual(['client_cancelled'])
  })

  test('the client leaves after some tokens: the partial answer is kept', async () => {
    provider.setScenario(SLOW)
    const abort = new AbortController()
    const { requestId } = await open(3, abort.signal)
    abort.abort()
    await waitFor(() => provider.requests.at(-1)?.aborted === true, 1_500)
    const ends = await client.endsOf(requestId)
    expect(outcomes(ends)).toEqual(['client_cancelled'])
    const content = await client.request(
      'GET',
      `/api/v1/audit/entries/${ends[0]?.id ?? ''}/content`,
    )
    expect(await content.text()).toContain('word0 word1 word2')
  })

  test.each([
    ['the connection is reset', { tokens: TOKENS, resetAfter: 3 }],
    ['an error object comes mid-stream', { tokens: TOKENS, errorObjectAfter: 3 }],
    [
      'neither finish_reason nor [DONE] comes',
      { tokens: TOKENS.slice(0, 3), omitDone: true, omitFinishReason: true },
    ],
    ['the answer is not a stream', { tokens: TOKENS, contentType: 'text/html' }],
    ['the provider answers 500', { tokens: TOKENS, status: 500 }],
  ])('%s: upstream_error, an error event with the receipt, and no [DONE]', async (_, scenario) => {
    provider.setScenario(scenario)
    const events = await client.chatEvents(QUESTION)
    expect(events.at(-1)?.event).toBe('error')
    const problem = dataOf<{ reason: string; status: number; receipt: Receipt }>(events, 'error')
    expect(problem).toMatchObject({
      reason: 'UPSTREAM_ERROR',
      status: 502,
      receipt: { outcome: 'upstream_error' },
    })
    expect(outcomes(await client.endsOf(problem.receipt.request_id))).toEqual(['upstream_error'])
  })

  test.each([
    'answer',
    'split-every-byte',
    'usage-absent',
    'finish-length',
    'malformed-json',
    'reset-mid-answer',
    'end-missing',
  ])('scenario %s: one end, with the tokens and the outcome it should have', async (name) => {
    const scenario = readScenario(name)
    const { outcome, usage, text } = scenario.expect
    provider.setScenario(scenario)
    const events = await client.chatEvents(QUESTION)
    const isFinished = outcome === 'finished'
    const receipt = isFinished
      ? dataOf<Receipt>(events, 'receipt')
      : dataOf<{ receipt: Receipt }>(events, 'error').receipt
    expect(textOf(events)).toBe(text)
    const ends = await client.endsOf(receipt.request_id)
    expect(outcomes(ends)).toEqual([isFinished ? 'completed' : outcome.toLowerCase()])
    const attrs = ends[0]?.envelope.attrs
    expect(Number(attrs?.['tokens_out'])).toBeGreaterThan(0)
    if (isFinished) expect(attrs?.['tokens_estimated']).toBe(usage === 'estimated')
    if (typeof usage === 'object') {
      expect(attrs).toMatchObject({ tokens_in: usage.in, tokens_out: usage.out })
    }
    await waitFor(() => provider.requests.every(({ closed }) => closed))
  })

  test('the provider stalls: timeout', async () => {
    provider.setScenario({ tokens: TOKENS, stallAfter: 2 })
    const events = await client.chatEvents(QUESTION)
    const problem = dataOf<{ reason: string; receipt: Receipt }>(events, 'error')
    expect(problem).toMatchObject({ reason: 'TIMEOUT', receipt: { outcome: 'timeout' } })
    expect(outcomes(await client.endsOf(problem.receipt.request_id))).toEqual(['timeout'])
    await waitFor(() => provider.requests.at(-1)?.aborted === true, 2_000)
  })

  test('compliance is killed mid-stream: one end, and later chats work again', async () => {
    provider.setScenario(SLOW)
    const { requestId, events } = await open(2)
    await stack.kill('compliance')
    const rest: { event: string }[] = []
    for await (const event of events) rest.push(event)
    const ends = await client.endsOf(requestId)
    expect(ends).toHaveLength(1)
    await recovered()
  }, 60_000)

  test('while compliance is away nothing is answered and nothing is sent', async () => {
    const before = provider.requests.length
    await stack.kill('compliance')
    const response = await client.chat(QUESTION)
    if (response.status === 200) return // it was back already
    expect(response.status).toBe(503)
    expect(response.headers.get('content-type')).toContain('application/problem+json')
    expect(provider.requests.length).toBe(before)
    await recovered()
  }, 60_000)

  test('audit’s database is killed: 503, nothing sent to the provider, nothing acknowledged lost', async () => {
    const acknowledged = dataOf<Receipt>(await client.chatEvents(QUESTION), 'receipt')
    const before = provider.requests.length
    await stack.kill('postgres', 'SIGSTOP')
    const response = await client
      .request('POST', '/api/v1/chat', {
        messages: [{ role: 'user', content: QUESTION }],
        stream: true,
      })
      .finally(async () => {
        await stack.kill('postgres', 'SIGCONT')
      })
    if (response.status !== 200) {
      expect([500, 503, 504]).toContain(response.status)
      expect(provider.requests.length).toBe(before)
    }
    await stack.kill('postgres')
    await recovered()
    expect((await client.verify()).valid).toBe(true)
    const found = await client.json<Entry>('GET', `/api/v1/audit/entries/${acknowledged.entry_id}`)
    expect(found.entry_hash).toBe(acknowledged.entry_hash)
  }, 120_000)

  test('audit is killed mid-stream: its end is recorded once it is back', async () => {
    provider.setScenario(SLOW)
    const { requestId, events } = await open(2)
    await stack.kill('audit')
    await collectQuietly(events)
    const ends = await client.endsOf(requestId, 40_000)
    expect(ends).toHaveLength(1)
    expect((await client.verify()).valid).toBe(true)
    await recovered()
  }, 90_000)

  test('the gateway is killed mid-stream: the start becomes lost', async () => {
    provider.setScenario(SLOW)
    const { requestId, events } = await open(2)
    await stack.kill('gateway')
    await collectQuietly(events)
    client = await eventually(login)
    const ends = await client.endsOf(requestId, 40_000)
    expect(outcomes(ends)).toEqual(['lost'])
    expect(ends[0]?.envelope.actor.kind).toBe('system')
    expect((await client.verify()).valid).toBe(true)
    await recovered()
  }, 90_000)

  test('SIGTERM mid-stream: what can finish in the drain time does, what cannot ends as shutdown', async () => {
    provider.setScenario({ tokens: ['a ', 'b ', 'c '], tokenDelayMs: 300 })
    const short = await open(1)
    provider.setScenario({ tokens: TOKENS, tokenDelayMs: 500 })
    const long = await open(1)
    await stack.kill('gateway', 'SIGTERM')
    const [finished, cut] = await Promise.all([
      collectQuietly(short.events),
      collectQuietly(long.events),
    ])
    expect(finished.at(-1)?.event).toBe('done')
    expect(cut.at(-1)?.event).toBe('error')
    client = await eventually(login)
    expect(outcomes(await client.endsOf(short.requestId))).toEqual(['completed'])
    expect(outcomes(await client.endsOf(long.requestId))).toEqual(['shutdown'])
  }, 90_000)

  test('after all of it: every start has one end, and the chain verifies', async () => {
    await waitFor(async () => Number((await client.verify()).open) === 0, 60_000)
    const entries = await client.entries()
    const starts = entries.filter(({ envelope }) => envelope.type === 'chat.started')
    const ends = entries.filter(({ envelope }) =>
      /^chat\.(completed|aborted|blocked)$/.test(envelope.type),
    )
    expect(starts.length).toBeGreaterThan(10)
    expect(ends.map(({ envelope }) => envelope.ref).sort()).toEqual(
      starts.map(({ id }) => id).sort(),
    )
    expect(entries.map(({ sequence }) => sequence)).toEqual(entries.map((_, n) => String(n)))
    expect(await client.verify()).toMatchObject({ valid: true, breaks: [] })
  }, 90_000)
})

async function collectQuietly(
  events: AsyncIterable<{ event: string }>,
): Promise<{ event: string }[]> {
  const seen: { event: string }[] = []
  try {
    for await (const event of events) seen.push(event)
  } catch {
    // The connection went with the process.
  }
  return seen
}

async function eventually<T>(work: () => Promise<T>, timeoutMs = 30_000): Promise<T> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (Date.now() > deadline) throw error
      await new Promise((resolve) => setTimeout(resolve, 300))
    }
  }
}
