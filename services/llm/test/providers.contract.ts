import { getEventListeners } from 'node:events'
import { AppError } from '@lexcustis/core'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { AddressGuard } from '../src/adapters/address-guard.js'
import { OutboundHttp } from '../src/adapters/outbound-http.js'
import { Vendors } from '../src/adapters/providers/vendors.js'
import type { Completer, FinishReason, JsonObject, Question } from '../src/domain/completion.js'
import type { Provider } from '../src/domain/provider.js'
import { ask, questionOf, samplingOf, SECRET_WORDS } from './ask-provider.js'
import { startVendor, type VendorServer } from './vendors/server.js'
import {
  KEY,
  MODEL,
  PROVIDER_WORDS,
  type Script,
  SNAPSHOT,
  type VendorWire,
} from './vendors/wire.js'

const TEXT = ['Der ', 'Zug ', 'fährt ', 'um ', '9:07 🚆.']
const CALLS = [
  { id: 'call00001', name: 'departures', pieces: ['{"city":', '"Köln 🚆', '"}'] },
  { id: 'call00002', name: 'weather', pieces: ['{"city":"Köln"}'] },
]
export const TOOLS: NonNullable<Question['tools']> = {
  definitions: ['departures', 'weather'].map((name) => ({
    type: 'function',
    function: {
      name,
      description: `tells ${name}`,
      parameters: { type: 'object', properties: { city: { type: 'string' } } },
    },
  })),
  choice: undefined,
  inParallel: undefined,
}
const TIMEOUTS = { firstTokenMs: 5_000, idleMs: 5_000, totalMs: 60_000, maxChars: 1_000_000 }

export interface ProviderCase {
  readonly name: string
  readonly wire: VendorWire
  /** What the vendor cannot do, by the field that the refusal names. */
  readonly refused: readonly (readonly [string, Partial<Question>])[]
  /** Everything the vendor can do, and the fields that it is sent for it. */
  readonly spoken: { readonly question: Partial<Question>; readonly body: JsonObject }
}

/** A contract every provider passes, against a server that speaks like the vendor. */
export function describeProvider({ name, wire, refused, spoken }: ProviderCase): void {
  describe(`Provider: ${name}`, () => {
    const outbound = new OutboundHttp()
    const vendors = new Vendors({ guarded: outbound, open: outbound })
    let vendor: VendorServer
    let completer: Completer
    let provider: Provider
    beforeAll(async () => {
      vendor = await startVendor(wire)
      provider = providerOf()
      completer = vendors.completerOf(provider, TIMEOUTS)
    })
    afterAll(async () => {
      outbound[Symbol.dispose]()
      await vendor[Symbol.asyncDispose]()
    })
    beforeEach(() => vendor.play({ text: TEXT }))

    const providerOf = (model = wire.model, apiKey = KEY, baseUrl = vendor.url): Provider => ({
      kind: wire.kind,
      model,
      models: [model],
      region: 'test',
      endpoint: {
        baseUrl,
        apiKey,
        isGuarded: false,
        ...(wire.apiVersion === undefined ? {} : { apiVersion: wire.apiVersion }),
      },
    })
    const play = async (script: Script, question = questionOf()) => {
      vendor.play(script)
      return ask(completer, question)
    }
    const health = async (checked: Provider) => vendors.check(checked, new AbortController().signal)

    test('streams text, its own count and the finish, with who answered', async () => {
      const { events, text, error } = await play({ text: TEXT })
      expect(error).toBeUndefined()
      expect(text).toBe(TEXT.join(''))
      expect(events.slice(-2)).toEqual([
        { kind: 'usage', usage: { tokensIn: 11, tokensOut: 5, isEstimated: false } },
        {
          kind: 'finished',
          reason: 'stop',
          modelSnapshot: SNAPSHOT,
          provider: wire.kind,
          model: MODEL,
          region: 'test',
        },
      ])
    })

    test('is counted by us when it does not count, and that is marked', async () => {
      const { events } = await play({ text: TEXT, usage: null })
      expect(events.at(-2)).toMatchObject({ kind: 'usage', usage: { isEstimated: true } })
    })

    test.each<FinishReason>(['stop', 'length', 'content_filter'])(
      'finishes with %s',
      async (reason) => {
        const { events } = await play({ text: TEXT, finish: reason })
        expect(events.at(-1)).toMatchObject({ kind: 'finished', reason })
      },
    )

    test('streams calls of tools beside text', async () => {
      const question = questionOf({ tools: TOOLS })
      const { events, calls, text, error } = await play({ text: TEXT, calls: CALLS }, question)
      expect(error).toBeUndefined()
      expect(text).toBe(TEXT.join(''))
      expect(calls).toEqual(
        CALLS.map(({ id, name: called, pieces }) => ({
          id,
          name: called,
          arguments: pieces.join(''),
        })),
      )
      expect(events.at(-1)).toMatchObject({ kind: 'finished', reason: 'tool_calls' })
    })

    test('takes back what its tools gave', async () => {
      const messages: Question['messages'] = [
        { speaker: 'user', content: 'When?' },
        {
          speaker: 'assistant',
          content: '',
          toolCalls: CALLS.map(({ pieces, ...call }) => ({ ...call, arguments: pieces.join('') })),
        },
        ...CALLS.map(({ id }) => ({ speaker: 'tool' as const, content: '9:07', toolCallId: id })),
      ]
      const { error } = await play({ text: TEXT }, questionOf({ messages, tools: TOOLS }))
      expect(error).toBeUndefined()
      const sent = JSON.stringify(vendor.received.at(-1)?.body)
      for (const { id } of CALLS) expect(sent.split(id)).toHaveLength(3)
    })

    test('gets everything it can do, in its own form', async () => {
      const { error } = await play({ text: TEXT }, questionOf(spoken.question))
      expect(error).toBeUndefined()
      expect(vendor.received.at(-1)?.body).toMatchObject(spoken.body)
    })

    test.each(refused)('cannot do %s, says so, and is sent nothing', async (pointer, change) => {
      const before = vendor.received.length
      const { error } = await play({ text: TEXT }, questionOf(change))
      expect(error).toMatchObject({ reason: 'INVALID_INPUT', errors: [{ pointer }] })
      expect(vendor.received.length).toBe(before)
    })

    test.each<[number, RegExp, boolean]>([
      [400, /answered 400: check the model/, false],
      [401, /answered 401: check its API key/, false],
      [403, /answered 403: check its API key/, false],
      [404, /answered 404: .*model/, false],
      [408, /answered 408: it gave up waiting/, true],
      [413, /answered 413: the question is too long/, false],
      [429, /answered 429: its rate limit/, true],
      [500, /answered 500: it has a problem/, true],
      [503, /answered 503: it has a problem/, true],
      [529, /answered 529: it has a problem/, true],
    ])(
      'answers %d: says what to do, in no words of its own',
      async (status, message, isTransient) => {
        const before = vendor.received.length
        const { error, kinds } = await play({ status, words: PROVIDER_WORDS })
        expect(error).toMatchObject({ reason: 'UPSTREAM_ERROR', isTransient, status })
        expect((error as AppError).message).toMatch(message)
        expect(kinds).toEqual([])
        expectNoWords(error)
        // The SDK's own retries are off.
        expect(vendor.received.length).toBe(before + 1)
      },
    )

    test('passes on when to try again', async () => {
      const headers = { 'retry-after': '7' }
      expect((await play({ status: 429, headers })).error).toMatchObject({ retryAfterMs: 7_000 })
    })

    test.each<[string, Script, RegExp]>([
      ['an error event', { fails: 'error', words: PROVIDER_WORDS }, /reported an error/],
      ['an event that is not JSON', { fails: 'malformed' }, /not JSON/],
      ['a connection that is cut', { fails: 'cut' }, /broke off|cannot be reached/],
      ['no end at all', { finish: null, isEndMissing: true }, /without saying so/],
    ])('fails with %s mid-stream, and what was said is counted', async (_, script, message) => {
      const { error, kinds, text } = await play({ text: TEXT, ...script })
      expect(error).toMatchObject({
        reason: 'UPSTREAM_ERROR',
        message: expect.stringMatching(message) as string,
      })
      expect(text).toBe(TEXT.join(''))
      expect(kinds.slice(TEXT.length)).toEqual(['usage'])
      expectNoWords(error)
    })

    test.each(['text/html', 'application/json'])(
      'fails when it answers %s',
      async (contentType) => {
        const { error, kinds } = await play({ text: TEXT, contentType })
        expect(error).toMatchObject({
          message: expect.stringMatching(/without an event stream/) as string,
        })
        expect(kinds).toEqual([])
      },
    )

    test.each<[string, Script]>([
      ['its last event is missing', { isEndMissing: true }],
      ['the reason is missing, but the last event comes', { finish: null }],
      ['it sends a second choice', { hasSecondChoice: true }],
    ])('completes when %s', async (_, script) => {
      const { error, events, text } = await play({ text: TEXT, ...script })
      expect(error).toBeUndefined()
      expect(text).toBe(TEXT.join(''))
      expect(events.at(-1)).toMatchObject({ kind: 'finished', reason: 'stop' })
    })

    test('may say nothing', async () => {
      const { error, kinds } = await play({})
      expect(error).toBeUndefined()
      expect(kinds).toEqual(['usage', 'finished'])
    })

    test('is understood wherever its bytes are split', async () => {
      const [called, given] = ['weather', '{"c":"ä"}']
      const calls = [{ id: 'call00001', name: called, pieces: [given] }]
      const script: Script = { text: ['🚆'], calls, usage: null }
      const { length } = Buffer.from(wire.events(script).join(''))
      const question = questionOf({ tools: TOOLS })
      for (let splitAt = 1; splitAt < length; splitAt += 1) {
        const { text, calls: read, error } = await play({ ...script, splitAt }, question)
        expect({ splitAt, text, read, error }).toEqual({
          splitAt,
          text: '🚆',
          read: [{ id: 'call00001', name: called, arguments: given }],
          error: undefined,
        })
      }
    })

    test('is asked over a connection that is kept', async () => {
      await ask(completer)
      const before = vendor.connections
      for (let n = 0; n < 3; n += 1) await ask(completer)
      expect(vendor.connections).toBe(before)
    })

    test.each<[string, Script, number]>([
      ['before the headers', { isSilent: true }, 0],
      ['after some text', { text: TEXT, fails: 'stall' }, TEXT.length],
    ])('loses its connection when the caller goes away %s', async (_, script, deltas) => {
      vendor.play(script)
      const [aborted, asked] = [vendor.aborted, vendor.received.length]
      const caller = new AbortController()
      const onEvent = (count: number) => {
        if (count === deltas) caller.abort()
      }
      const answered = ask(completer, questionOf(), { signal: caller.signal, onEvent })
      await vi.waitFor(() => expect(vendor.received.length).toBe(asked + 1))
      if (deltas === 0) caller.abort()
      const { error, kinds } = await answered
      expect(error).toMatchObject({ reason: 'CANCELLED' })
      expect(kinds.filter((kind) => kind === 'delta')).toHaveLength(deltas)
      await vi.waitFor(() => expect(vendor.aborted).toBe(aborted + 1))
      expect(getEventListeners(caller.signal, 'abort')).toEqual([])
    })

    test('is given up when it does not begin to answer', async () => {
      vendor.play({ isSilent: true })
      const aborted = vendor.aborted
      const hurried = vendors.completerOf(provider, {
        firstTokenMs: 50,
        idleMs: 50,
        totalMs: 60_000,
        maxChars: 1_000_000,
      })
      const { error, kinds } = await ask(hurried)
      expect(error).toMatchObject({ reason: 'TIMEOUT' })
      expect(kinds).toEqual([])
      await vi.waitFor(() => expect(vendor.aborted).toBe(aborted + 1))
    })

    test('is not even asked when an organisation points into our network', async () => {
      const before = vendor.received.length
      const guard = new AddressGuard({ allowedHosts: [], isLoopbackAllowed: false })
      using guarded = new OutboundHttp({ guard })
      const strict = new Vendors({ guarded, open: outbound })
      const { endpoint } = provider
      const chosen = {
        ...provider,
        ...(endpoint && { endpoint: { ...endpoint, isGuarded: true } }),
      }
      const { error } = await ask(strict.completerOf(chosen, TIMEOUTS))
      const detail = /leads to an address that is not public/
      expect((error as AppError).message).toMatch(detail)
      const { ok, detail: told } = await strict.check(chosen, new AbortController().signal)
      expect(ok).toBe(false)
      expect(told).toMatch(detail)
      expect(vendor.received.length).toBe(before)
    })

    test('gets nothing that the environment holds for the SDKs', async () => {
      for (const name of ['OPENAI', 'ANTHROPIC']) {
        vi.stubEnv(`${name}_BASE_URL`, 'http://127.0.0.1:9')
        vi.stubEnv(`${name}_API_KEY`, 'sk-of-the-environment')
        vi.stubEnv(`${name}_CUSTOM_HEADERS`, 'x-internal: secret\nauthorization: Bearer stolen')
      }
      vi.stubEnv('ANTHROPIC_AUTH_TOKEN', 'token-of-the-environment')
      vi.stubEnv('AZURE_OPENAI_API_KEY', 'sk-of-the-environment')
      vi.stubEnv('OPENAI_ORG_ID', 'org-of-the-environment')
      vi.stubEnv('OPENAI_API_VERSION', '2023-01-01')
      try {
        const fresh = new Vendors({ guarded: outbound, open: outbound })
        const { error } = await ask(fresh.completerOf(provider, TIMEOUTS))
        expect(error).toBeUndefined()
      } finally {
        vi.unstubAllEnvs()
      }
      const { headers } = vendor.received.at(-1) ?? {}
      expect(Object.keys(headers ?? {}).join()).not.toMatch(/stainless|x-internal|organization/)
      expect(JSON.stringify(headers)).not.toMatch(/environment|stolen|secret"/)
    })

    test('is healthy when it answers', async () => {
      expect(await health(provider)).toEqual({ ok: true, detail: 'answers' })
    })

    test('is checked for its key, where it has one', async () => {
      const wrong = providerOf(wire.model, 'sk-wrong')
      if (wire.kind === 'ollama') expect(await health(wrong)).toMatchObject({ ok: true })
      else {
        expect(await health(wrong)).toEqual({
          ok: false,
          detail: 'the provider answered 401: check its API key',
        })
      }
    })

    test('is checked for its address', async () => {
      const gone = await startVendor(wire)
      await gone[Symbol.asyncDispose]()
      const { ok, detail } = await health(providerOf(wire.model, KEY, gone.url))
      expect({ ok, detail }).toEqual({
        ok: false,
        detail: 'the provider cannot be reached (ECONNREFUSED): check its base URL',
      })
    })

    test('is checked for its model', async () => {
      const { ok, detail } = await health(providerOf('no-such-model'))
      // An endpoint that is merely compatible may leave models out of its list.
      expect(ok).toBe(wire.kind === 'openai-compatible')
      expect(detail).toMatch(/no-such-model|check (?:its base URL and|the) model/)
    })

    test('fits sources into the context that it is known to hold', async () => {
      const source = { n: 1, title: 'Long', text: 'A sentence of the rules. '.repeat(2_000) }
      const small = vendors.completerOf({ ...provider, contextTokens: 2_000 }, TIMEOUTS)
      const sampling = samplingOf({ maxTokens: 100 })
      await ask(small, questionOf({ sources: [source], sampling }))
      const sent = JSON.stringify(vendor.received.at(-1)?.body)
      expect(sent).toContain('[cut here: the rest of this source did not fit]')
      expect(sent.length).toBeLessThan(10_000)

      const before = vendor.received.length
      const messages = [{ speaker: 'user' as const, content: 'word '.repeat(4_000) }]
      const { error } = await ask(small, questionOf({ messages }))
      expect(error).toMatchObject({ reason: 'INVALID_INPUT', errors: [{ pointer: '/messages' }] })
      expect(vendor.received.length).toBe(before)
    })
  })
}

function expectNoWords(error: unknown): void {
  expect(error).toBeInstanceOf(AppError)
  const told = JSON.stringify([String(error), error, (error as AppError).errors])
  for (const words of [PROVIDER_WORDS, SECRET_WORDS, KEY]) expect(told).not.toContain(words)
}
