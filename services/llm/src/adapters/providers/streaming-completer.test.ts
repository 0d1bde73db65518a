import { getEventListeners, once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  readScenario,
  type Scenario,
  type ScriptedProvider,
  startScriptedProvider,
} from '@lexcustis/testing'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Completer, CompletionEvent, Question } from '../../domain/completion.js'
import type { Endpoint, KindName } from '../../domain/provider.js'
import { AddressGuard } from '../address-guard.js'
import { OutboundHttp } from '../outbound-http.js'
import { Vendors } from './vendors.js'

const TOKENS = ['Der ', 'Zug ', 'fährt ', 'um ', '9:07 🚆.']
const KEY = 'sk-a-secret-key'
const SECRET_WORDS = 'the secret question'
/** For answers that are waited for, and for those that never come. */
const TIMEOUTS = { firstTokenMs: 10_000, idleMs: 10_000, totalMs: 60_000, maxChars: 1_000_000 }
const SHORT = { firstTokenMs: 400, idleMs: 300, totalMs: 60_000, maxChars: 1_000_000 }

let provider: ScriptedProvider
const guard = new AddressGuard({ allowedHosts: [], isLoopbackAllowed: false })
const outbound = { guarded: new OutboundHttp({ guard }), open: new OutboundHttp() }
const vendors = new Vendors(outbound)

beforeAll(async () => {
  provider = await startScriptedProvider()
})
afterAll(async () => {
  outbound.open[Symbol.dispose]()
  await provider[Symbol.asyncDispose]()
})
afterEach(() => vi.restoreAllMocks())

function questionOf(change: Partial<Question> = {}): Question {
  return {
    model: 'scripted',
    messages: [{ speaker: 'user', content: SECRET_WORDS }],
    sources: [],
    sampling: {
      temperature: undefined,
      topP: undefined,
      maxTokens: undefined,
      seed: undefined,
      stop: [],
    },
    ...change,
  }
}

interface AskOptions {
  readonly question?: Question
  readonly signal?: AbortSignal
  readonly kind?: KindName
  readonly isGuarded?: boolean
  readonly baseUrl?: string
  readonly timeouts?: typeof TIMEOUTS
  readonly onDelta?: (count: number) => unknown
}

function completerOf(endpoint: Endpoint, kind: KindName, timeouts = TIMEOUTS): Completer {
  const provider = { kind, model: 'scripted', models: ['scripted'], region: 'test', endpoint }
  return vendors.completerOf(provider, timeouts)
}

/** Everything that came, and what was thrown at its end. */
async function ask(options: AskOptions = {}) {
  const { kind = 'openai-compatible', isGuarded = false, baseUrl = provider.url } = options
  const completer = completerOf({ baseUrl, apiKey: KEY, isGuarded }, kind, options.timeouts)
  const events: CompletionEvent[] = []
  let error: unknown
  try {
    const signal = options.signal ?? new AbortController().signal
    for await (const event of completer.complete(options.question ?? questionOf(), signal)) {
      events.push(event)
      if (event.kind === 'delta') await options.onDelta?.(events.length)
    }
  } catch (thrown) {
    error = thrown
  }
  const text = events.map((event) => (event.kind === 'delta' ? event.text : '')).join('')
  return { events, text, error, kinds: events.map((event) => event.kind) }
}

const textOf = (content: string) => ({ choices: [{ delta: { content } }] })
const finish = { choices: [{ delta: {}, finish_reason: 'stop' }] }

/** Sends what the scripted provider would not: any events, with pauses of so many milliseconds. */
async function startRawProvider(
  events: readonly unknown[],
  { isLeftOpen = false } = {},
): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    void (async () => {
      for (const event of events) {
        if (typeof event === 'number') await new Promise((resolve) => setTimeout(resolve, event))
        else response.write(`data: ${JSON.stringify(event)}\n\n`)
      }
      response.write('data: [DONE]\n\n')
      if (!isLeftOpen) response.end()
    })()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/v1`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const FULL = [...TOKENS.map(() => 'delta'), 'usage', 'finished']

describe('a provider that behaves', () => {
  test('streams deltas, its own count and the finish', async () => {
    provider.setScenario({
      tokens: TOKENS,
      usage: { prompt_tokens: 11, completion_tokens: 5 },
      modelSnapshot: 'scripted-2026-11',
    })
    const { events, kinds, text, error } = await ask()
    expect(error).toBeUndefined()
    expect(kinds).toEqual(FULL)
    expect(text).toBe(TOKENS.join(''))
    expect(events.slice(-2)).toEqual([
      { kind: 'usage', usage: { tokensIn: 11, tokensOut: 5, isEstimated: false } },
      {
        kind: 'finished',
        reason: 'stop',
        modelSnapshot: 'scripted-2026-11',
        provider: 'openai-compatible',
        model: 'scripted',
        region: 'test',
      },
    ])
  })

  test.each<[string, Scenario]>([
    ['the bytes come one by one', { chunkBytes: 1 }],
    ['the bytes come in sevens', { chunkBytes: 7 }],
    ['[DONE] is missing', { omitDone: true }],
    ['the finish reason is missing, but [DONE] comes', { omitFinishReason: true }],
  ])('completes when %s', async (_, scenario) => {
    provider.setScenario({ tokens: TOKENS, ...scenario })
    const { kinds, text, error } = await ask()
    expect(error).toBeUndefined()
    expect(kinds).toEqual(FULL)
    expect(text).toBe(TOKENS.join(''))
  })

  test('is counted by us when it does not count, and that is marked', async () => {
    provider.setScenario({ tokens: TOKENS, usage: null })
    const { events } = await ask()
    expect(events.at(-2)).toMatchObject({ kind: 'usage', usage: { isEstimated: true } })
  })

  test.each([
    ['length', 'length'],
    ['content_filter', 'content_filter'],
    ['tool_calls', 'tool_calls'],
  ])('its finish reason %s is %s', async (finishReason, reason) => {
    provider.setScenario({ tokens: TOKENS, finishReason })
    const { events } = await ask()
    expect(events.at(-1)).toMatchObject({ kind: 'finished', reason })
  })

  test('is asked over a connection that is kept', async () => {
    provider.setScenario({ tokens: TOKENS })
    await ask()
    const before = provider.connections
    for (let n = 0; n < 5; n += 1) await ask()
    expect(provider.connections).toBe(before)
  })

  test('gets sampling in its own dialect, and the key only as a header', async () => {
    provider.setScenario({ tokens: TOKENS })
    const sampling = { temperature: 0.2, topP: 0.9, maxTokens: 50, seed: 7, stop: ['END'] }
    await ask({ question: questionOf({ sampling }) })
    const plain = provider.requests.at(-1)
    expect(plain?.headers['authorization']).toBe(`Bearer ${KEY}`)
    expect(Object.keys(plain?.headers ?? {}).join()).not.toContain('stainless')
    expect(plain?.body).toEqual({
      model: 'scripted',
      messages: [{ role: 'user', content: SECRET_WORDS }],
      stream: true,
      stream_options: { include_usage: true },
      temperature: 0.2,
      top_p: 0.9,
      max_tokens: 50,
      seed: 7,
      stop: ['END'],
    })
    await ask({ question: questionOf({ sampling }), kind: 'mistral' })
    expect(provider.requests.at(-1)?.body).toMatchObject({ random_seed: 7, max_tokens: 50 })
    expect(provider.requests.at(-1)?.body).not.toHaveProperty('stream_options')
    await ask({ question: questionOf({ sampling }), kind: 'openai' })
    expect(provider.requests.at(-1)?.body).toMatchObject({ max_completion_tokens: 50 })
  })

  test('gets a question without any sampling, and without our key header when there is none', async () => {
    const endpoint = { baseUrl: provider.url, apiKey: undefined, isGuarded: false }
    const completer = completerOf(endpoint, 'ollama')
    const kinds: string[] = []
    for await (const { kind } of completer.complete(questionOf(), new AbortController().signal)) {
      kinds.push(kind)
    }
    expect(kinds.at(-1)).toBe('finished')
    expect(Object.keys(provider.requests.at(-1)?.body ?? {})).toEqual([
      'model',
      'messages',
      'stream',
      'stream_options',
    ])
    expect(provider.requests.at(-1)?.headers).not.toHaveProperty('authorization')
  })

  test('is not blamed for a slow reader', async () => {
    provider.setScenario({ tokens: TOKENS })
    const pause = async () => new Promise((resolve) => setTimeout(resolve, 2 * SHORT.idleMs))
    const { error } = await ask({
      timeouts: SHORT,
      onDelta: async (count) => (count === 2 ? pause() : undefined),
    })
    expect(error).toBeUndefined()
  })
})

describe('a provider with ways of its own', () => {
  test('may split a character between two events', async () => {
    const halves = ['🚆'.slice(0, 1), '🚆'.slice(1)]
    await using raw = await startRawProvider([...halves.map(textOf), finish])
    expect((await ask({ baseUrl: raw.url })).text).toBe('🚆')
  })

  test('may think in parts of the content for longer than a first token takes', async () => {
    const thought = { choices: [{ delta: { content: [{ type: 'thinking', thinking: [] }] } }] }
    const said = { choices: [{ delta: { content: [{ type: 'text', text: 'ok' }] } }] }
    const pause = SHORT.idleMs * 0.6
    await using raw = await startRawProvider([
      thought,
      pause,
      thought,
      pause,
      thought,
      pause,
      said,
      finish,
    ])
    const { error, text } = await ask({ baseUrl: raw.url, timeouts: SHORT })
    expect(error).toBeUndefined()
    expect(text).toBe('ok')
  })

  test('may keep the connection open behind [DONE]', async () => {
    await using raw = await startRawProvider([textOf('one'), finish], { isLeftOpen: true })
    expect((await ask({ baseUrl: raw.url })).kinds).toEqual(['delta', 'usage', 'finished'])
  })

  test.each(['a\u0000b', 'x'.repeat(201), '\ud800', 7])(
    'gets no snapshot for a model name that cannot be recorded (%#)',
    async (model) => {
      await using raw = await startRawProvider([{ ...textOf('one'), model }, finish])
      const { events } = await ask({ baseUrl: raw.url })
      expect(events.at(-1)).toMatchObject({ kind: 'finished', modelSnapshot: '' })
    },
  )
})

describe('a provider that fails', () => {
  test.each<[string, Scenario, RegExp]>([
    ['401', { status: 401 }, /answered 401: check its API key/],
    ['404', { status: 404 }, /answered 404: check its base URL and model/],
    ['400', { status: 400 }, /answered 400: check the model/],
    ['429', { status: 429 }, /answered 429: its rate limit/],
    ['500', { status: 500 }, /answered 500/],
    ['503', { status: 503 }, /answered 503/],
    ['307', { status: 307 }, /answered 307: check its base URL/],
    ['a page', { contentType: 'text/html' }, /without an event stream: check its base URL/],
    ['JSON', { contentType: 'application/json' }, /without an event stream/],
    ['neither end', { omitDone: true, omitFinishReason: true }, /without saying so/],
    ['an event that is not JSON', { malformedAfter: 2 }, /not JSON/],
    ['an error object first', { errorObjectAfter: 0 }, /reported an error/],
    ['an error object mid-stream', { errorObjectAfter: 2 }, /reported an error/],
    ['a reset before the first token', { resetAfter: 0 }, /ECONNRESET/],
    ['a reset mid-stream', { resetAfter: 3 }, /ECONNRESET/],
    ['finish reason error', { finishReason: 'error' }, /reported an error/],
  ])('with %s is UPSTREAM_ERROR, once, and nothing is logged', async (_, scenario, message) => {
    const printed = (['log', 'warn', 'error', 'info', 'debug'] as const).map((level) =>
      vi.spyOn(console, level),
    )
    provider.setScenario({ tokens: TOKENS, ...scenario })
    const before = provider.requests.length
    const { error, kinds } = await ask()
    expect(error).toMatchObject({
      reason: 'UPSTREAM_ERROR',
      message: expect.stringMatching(message) as string,
    })
    expect(kinds).not.toContain('finished')
    // What was answered before it failed is counted, and nothing else.
    expect(kinds.includes('usage')).toBe(kinds.includes('delta'))
    // The SDK's own retries are off.
    expect(provider.requests.length).toBe(before + 1)
    for (const spy of printed) expect(spy).not.toHaveBeenCalled()
    const told = JSON.stringify([String(error), (error as Error).message])
    expect(told).not.toMatch(new RegExp(`${KEY}|${SECRET_WORDS}|scripted failure`))
  })

  test.each([
    ['an error object in the form of vLLM', [{ object: 'error', message: 'scripted failure' }]],
    ['events that are nothing', [null]],
  ])('with %s before [DONE] is UPSTREAM_ERROR', async (_, events) => {
    await using raw = await startRawProvider([textOf('one'), ...events])
    const { error, text } = await ask({ baseUrl: raw.url })
    expect(text).toBe('one')
    expect(error).toMatchObject({ reason: 'UPSTREAM_ERROR' })
  })

  test('passes on when to try again', async () => {
    provider.setScenario({ status: 429, retryAfter: 7 })
    expect((await ask()).error).toMatchObject({ retryAfterMs: 7_000 })
  })

  test('keeps the text that came before', async () => {
    provider.setScenario({ tokens: TOKENS, resetAfter: 3 })
    expect((await ask()).text).toBe(TOKENS.slice(0, 3).join(''))
  })

  test('and is not there names the port as the reason', async () => {
    const gone = await startScriptedProvider()
    await gone[Symbol.asyncDispose]()
    const { error } = await ask({ baseUrl: gone.url })
    expect(error).toMatchObject({
      reason: 'UPSTREAM_ERROR',
      message: 'the provider cannot be reached (ECONNREFUSED): check its base URL',
    })
  })

  test('is not even asked when an organisation points into our network', async () => {
    const before = provider.requests.length
    const { error } = await ask({ isGuarded: true })
    expect(error).toMatchObject({
      reason: 'UPSTREAM_ERROR',
      message: expect.stringMatching(/not public/) as string,
    })
    expect(provider.requests.length).toBe(before)
  })
})

describe('a provider that is silent', () => {
  test.each<[string, Scenario, number]>([
    ['from the start', { headerDelayMs: 60_000 }, 0],
    ['after its headers', { firstTokenDelayMs: 60_000 }, 0],
    ['mid-stream', { stallAfter: 2 }, 2],
  ])('%s is TIMEOUT, and its request is ended', async (_, scenario, deltas) => {
    provider.setScenario({ tokens: TOKENS, ...scenario })
    const { error, kinds } = await ask({ timeouts: SHORT })
    expect(error).toMatchObject({ reason: 'TIMEOUT' })
    const said = Array<string>(deltas).fill('delta')
    expect(kinds).toEqual(deltas > 0 ? [...said, 'usage'] : [])
    await vi.waitFor(() => expect(provider.requests.at(-1)?.aborted).toBe(true))
  })
})

describe('a provider that goes on and on', () => {
  test('is ended when the time for a whole answer is over, though it is never silent', async () => {
    provider.setScenario({ tokens: TOKENS, endless: true, tokenDelayMs: 20 })
    const { error, kinds } = await ask({ timeouts: { ...TIMEOUTS, totalMs: 300 } })
    expect(error).toMatchObject({
      reason: 'TIMEOUT',
      message: 'the provider did not finish within 300 ms',
    })
    expect(kinds.at(-1)).toBe('usage')
    await vi.waitFor(() => expect(provider.requests.at(-1)?.aborted).toBe(true))
  })

  test('is ended when its answer is too long; what it said until then is counted', async () => {
    provider.setScenario({ tokens: ['0123456789'], endless: true, tokenDelayMs: 1 })
    const { error, text, events } = await ask({ timeouts: { ...TIMEOUTS, maxChars: 35 } })
    expect(error).toMatchObject({
      reason: 'UPSTREAM_ERROR',
      message: expect.stringContaining('more than 35 characters') as string,
    })
    expect(text).toHaveLength(30)
    expect(events.at(-1)).toMatchObject({ kind: 'usage', usage: { isEstimated: true } })
    await vi.waitFor(() => expect(provider.requests.at(-1)?.aborted).toBe(true))
  })
})

describe('a call of a tool that goes on and on', () => {
  test('is ended when it is too long, like text', async () => {
    const pieceOf = (call: object) => ({
      chunk: { choices: [{ index: 0, delta: { tool_calls: [{ index: 0, ...call }] } }] },
    })
    const steps = [
      pieceOf({ id: 'a', type: 'function', function: { name: 'go', arguments: '' } }),
      { repeat: { perSecond: 1_000, steps: [pieceOf({ function: { arguments: '0123456789' } })] } },
    ]
    const { replies, ...answer } = readScenario('answer')
    provider.setScenario({ ...answer, replies: replies.map((reply) => ({ ...reply, steps })) })
    const tools = { definitions: [], choice: undefined, inParallel: undefined }
    const { error, events } = await ask({
      question: questionOf({ tools }),
      timeouts: { ...TIMEOUTS, maxChars: 35 },
    })
    expect(error).toMatchObject({
      reason: 'UPSTREAM_ERROR',
      message: expect.stringContaining('more than 35 characters') as string,
    })
    const given = events.map((event) => (event.kind === 'tool_call' ? event.arguments : ''))
    expect(given.join('')).toHaveLength(30)
    expect(events.at(-1)).toMatchObject({ kind: 'usage', usage: { isEstimated: true } })
    await vi.waitFor(() => expect(provider.requests.at(-1)?.aborted).toBe(true))
  })
})

describe('a caller who goes away', () => {
  test.each<[string, Scenario]>([
    ['before the headers', { headerDelayMs: 60_000 }],
    ['before the first token', { firstTokenDelayMs: 60_000 }],
  ])('%s ends the request at once', async (_, scenario) => {
    provider.setScenario({ tokens: TOKENS, ...scenario })
    const abort = new AbortController()
    const before = provider.requests.length
    const asked = ask({ signal: abort.signal })
    await vi.waitFor(() => expect(provider.requests.length).toBe(before + 1))
    abort.abort()
    expect((await asked).error).toMatchObject({ reason: 'CANCELLED' })
    await vi.waitFor(() => expect(provider.requests.at(-1)?.aborted).toBe(true))
  })

  test('after some tokens ends the request, and nothing follows', async () => {
    provider.setScenario({ tokens: TOKENS, tokenDelayMs: 20, endless: true })
    const abort = new AbortController()
    const { error, kinds } = await ask({
      signal: abort.signal,
      onDelta: (count) => (count === 3 ? abort.abort() : undefined),
    })
    expect(error).toMatchObject({ reason: 'CANCELLED' })
    expect(kinds).toEqual(['delta', 'delta', 'delta', 'usage'])
    await vi.waitFor(() => expect(provider.requests.at(-1)?.aborted).toBe(true))
  })

  test('before anything was sent sends nothing', async () => {
    const before = provider.requests.length
    const { error } = await ask({ signal: AbortSignal.abort() })
    expect(error).toMatchObject({ reason: 'CANCELLED' })
    expect(provider.requests.length).toBe(before)
  })

  test('leaves nothing listening behind, however the answer ended', async () => {
    const { signal } = new AbortController()
    for (const scenario of [{}, { status: 500 }, { resetAfter: 2 }, { stallAfter: 1 }]) {
      provider.setScenario({ tokens: TOKENS, ...scenario })
      await ask({ signal, timeouts: SHORT })
    }
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  test('and simply stops reading ends the request', async () => {
    provider.setScenario({ tokens: TOKENS, tokenDelayMs: 20, endless: true })
    const endpoint = { baseUrl: provider.url, apiKey: undefined, isGuarded: false }
    const completer = completerOf(endpoint, 'ollama')
    for await (const _ of completer.complete(questionOf(), new AbortController().signal)) break
    await vi.waitFor(() => expect(provider.requests.at(-1)?.aborted).toBe(true))
  })
})

describe('asking whether a provider answers', () => {
  const stranger = new AbortController().signal
  const of = (baseUrl: string, model = 'scripted') => ({
    kind: 'openai-compatible' as const,
    model,
    models: [model],
    region: 'unknown',
    endpoint: { baseUrl, apiKey: KEY, isGuarded: false },
  })

  test('says that it does', async () => {
    expect(await vendors.check(of(provider.url), stranger)).toEqual({
      ok: true,
      detail: 'answers',
    })
    const { detail } = await vendors.check(of(provider.url, 'other'), stranger)
    expect(detail).toBe('answers, but does not list other')
  })

  test('says what to check when it does not', async () => {
    const { ok, detail } = await vendors.check(of(`${provider.url}/wrong`), stranger)
    expect(ok).toBe(false)
    expect(detail).toBe('the provider answered 404: check its base URL and model')
  })
})
