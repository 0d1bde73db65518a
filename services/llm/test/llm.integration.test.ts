import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { AppError, type TenantContext, uuidv7 } from '@lexcustis/core'
import { openDatabase } from '@lexcustis/postgres'
import {
  ChatDefinition,
  type FallbackChoice,
  FinishReason,
  ProviderDefinition,
  Role,
  type SetOrgProviderRequest,
  type StreamChatRequest,
  type StreamChatResponse,
} from '@lexcustis/proto/llm'
import { type CallContext, createRpcClient, type Definition, type RpcClient } from '@lexcustis/rpc'
import { createLogger } from '@lexcustis/runtime'
import {
  createTestCertificates,
  createTestTenantKeys,
  type ScriptedProvider,
  startScriptedProvider,
  startTestPostgres,
  type TestPostgres,
  type TestTenantKeys,
} from '@lexcustis/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { LlmConfig } from '../src/config.js'
import { PriceTable } from '../src/domain/price-table.js'
import type { Provider } from '../src/domain/provider.js'
import { type RunningLlm, startLlm } from '../src/service.js'
import { ANTHROPIC_WIRE } from './vendors/anthropic-wire.js'
import { startVendor } from './vendors/server.js'
import { KEY, MODEL } from './vendors/wire.js'

const TOKENS = ['one ', 'two ', 'three']
const API_KEY = 'sk-integration-secret'

let postgres: TestPostgres
let provider: ScriptedProvider
let keys: TestTenantKeys
let certificates: Awaited<ReturnType<typeof createTestCertificates>>
let service: RunningLlm
let chat: RpcClient<typeof ChatDefinition>
let providers: RpcClient<typeof ProviderDefinition>

function configOf(change: Partial<LlmConfig> = {}): LlmConfig {
  return {
    listenHost: '127.0.0.1',
    grpcPort: 0,
    metricsPort: 0,
    tls: certificates.identity('llm'),
    tenantKeys: keys.jwks,
    databaseUrl: postgres.url('lexcustis_llm'),
    drainMs: 1_000,
    logLevel: 'debug',
    extraCallers: {},
    provider: scripted(),
    ollamaUrl: 'http://127.0.0.1:9/v1',
    connectTimeoutMs: 2_000,
    prices: undefined,
    limits: { firstTokenMs: 5_000, idleMs: 2_000, totalMs: 60_000, maxChars: 1_000_000 },
    allowedPrivateHosts: [],
    isLoopbackAllowed: true,
    sealingKey: randomBytes(32),
    previousSealingKeys: [],
    ...change,
  }
}

function scripted(): Provider {
  return {
    kind: 'openai-compatible',
    model: 'scripted',
    models: ['scripted'],
    region: 'test',
    endpoint: { baseUrl: provider.url, apiKey: undefined, isGuarded: false },
  }
}

const log = () => createLogger({ service: 'llm', level: 'silent' })

function clientOf<D extends Definition>(
  definition: D,
  caller: string,
  port = service.port,
): RpcClient<D> {
  return createRpcClient(definition, {
    address: `127.0.0.1:${port}`,
    peer: 'llm',
    tls: certificates.identity(caller),
  })
}

function tenantOf(change: Partial<TenantContext> = {}): TenantContext {
  return {
    organizationId: uuidv7(),
    userId: uuidv7(),
    userRole: 'admin',
    kind: 'user',
    via: 'jwt',
    ...change,
  }
}

async function as(tenant: TenantContext, signal?: AbortSignal): Promise<CallContext> {
  const tenantToken = await keys.sign(tenant, 'llm')
  return { tenantToken, deadline: new Date(Date.now() + 20_000), signal }
}

/** In the table of prices. */
const priceOf = (change: object = {}) => ({
  kind: 'openai-compatible',
  model: 'scripted',
  valid_from: '2026-01-01',
  input_micro: 2_000_000,
  output_micro: 10_000_000,
  currency: 'EUR',
  source: 'made up',
  as_of: '2026-11-01',
  ...change,
})

const fallbackRow = (change: Partial<FallbackChoice> = {}): FallbackChoice => ({
  provider: 'openai-compatible',
  model: 'm',
  baseUrl: 'https://1.1.1.1/v1',
  region: 'eu',
  ...change,
})

function requestOf(change: Partial<StreamChatRequest> = {}): StreamChatRequest {
  return {
    provider: 'openai-compatible',
    model: 'scripted',
    messages: [
      { role: Role.USER, content: 'What comes after one?', toolCalls: [], toolCallId: '' },
    ],
    sources: [],
    stop: [],
    toolsJson: '',
    toolChoiceJson: '',
    responseFormatJson: '',
    ...change,
  }
}

async function ask(
  tenant: TenantContext,
  request = requestOf(),
  client = chat,
): Promise<NonNullable<StreamChatResponse['event']>[]> {
  const events = []
  for await (const { event } of client.streamChat(request, await as(tenant))) {
    if (event) events.push(event)
  }
  return events
}

const choiceOf = (change: Partial<SetOrgProviderRequest> = {}): SetOrgProviderRequest => ({
  provider: 'openai-compatible',
  model: 'own-model',
  baseUrl: provider.url,
  region: 'eu',
  allowedRegions: [],
  fallbacks: [],
  skipCheck: true,
  ...change,
})

beforeAll(async () => {
  postgres = await startTestPostgres()
  await postgres.migrate('llm', join(import.meta.dirname, '../migrations'))
  provider = await startScriptedProvider()
  keys = await createTestTenantKeys()
  certificates = await createTestCertificates(['llm', 'gateway', 'compliance', 'rag'])
  service = await startLlm(configOf(), log())
  chat = clientOf(ChatDefinition, 'gateway')
  providers = clientOf(ProviderDefinition, 'gateway')
}, 120_000)
afterAll(async () => {
  chat[Symbol.dispose]()
  providers[Symbol.dispose]()
  await service[Symbol.asyncDispose]()
  await provider[Symbol.asyncDispose]()
  await postgres[Symbol.asyncDispose]()
})
beforeEach(() => {
  provider.setScenario({ tokens: TOKENS })
})

describe('an answer', () => {
  test('comes as deltas, usage and the finish', async () => {
    provider.setScenario({ tokens: TOKENS, usage: { prompt_tokens: 9, completion_tokens: 3 } })
    expect(await ask(tenantOf())).toMatchObject([
      ...TOKENS.map((value) => ({ $case: 'delta', value })),
      { $case: 'usage', value: { tokensIn: 9, tokensOut: 3, estimated: false } },
      {
        $case: 'finished',
        value: {
          reason: 1,
          modelSnapshot: 'scripted',
          provider: 'openai-compatible',
          model: 'scripted',
          region: 'test',
        },
      },
    ])
  })

  test.each([0, 2])('that is cancelled after %d deltas cancels the provider', async (count) => {
    provider.setScenario({
      tokens: TOKENS,
      endless: true,
      tokenDelayMs: 20,
      ...(count === 0 ? { headerDelayMs: 60_000 } : {}),
    })
    const before = provider.requests.length
    const abort = new AbortController()
    const stream = chat.streamChat(requestOf(), await as(tenantOf(), abort.signal))
    const read = (async () => {
      let seen = 0
      for await (const _ of stream) if ((seen += 1) === count) abort.abort()
    })()
    const outcome = read.catch((error: unknown) => error)
    await vi.waitFor(() => expect(provider.requests.length).toBe(before + 1))
    if (count === 0) abort.abort()
    expect(await outcome).toMatchObject({ reason: 'CANCELLED' })
    await vi.waitFor(() => expect(provider.requests.at(-1)?.aborted).toBe(true))
  })

  test('says what it cost where the table has a price, counted or estimated', async () => {
    const prices = PriceTable.parse({ prices: [priceOf()] })
    await using priced = await startLlm(configOf({ prices }), log())
    using client = clientOf(ChatDefinition, 'gateway', priced.port)
    const usageOf = async (asking: RpcClient<typeof ChatDefinition>) =>
      (await ask(tenantOf(), requestOf(), asking)).find(({ $case }) => $case === 'usage')?.value
    provider.setScenario({ tokens: TOKENS, usage: { prompt_tokens: 9, completion_tokens: 3 } })
    expect(await usageOf(client)).toMatchObject({ costMicro: 48n, currency: 'EUR' })
    provider.setScenario({ tokens: TOKENS, usage: null })
    expect(await usageOf(client)).toMatchObject({
      estimated: true,
      costMicro: expect.any(BigInt) as bigint,
    })
    expect(await usageOf(chat)).toMatchObject({ costMicro: undefined, currency: '' })
  })

  test("of an organisation's own endpoint has a price only where the table names the endpoint", async () => {
    await using other = await startScriptedProvider({ scenario: { status: 401 } })
    const prices = PriceTable.parse({
      prices: [priceOf({ model: '*' }), priceOf({ base_url: other.url, model: 'named' })],
    })
    await using priced = await startLlm(configOf({ prices }), log())
    using client = clientOf(ChatDefinition, 'gateway', priced.port)
    using settings = clientOf(ProviderDefinition, 'gateway', priced.port)
    const tenant = tenantOf()
    const costOf = async (model: string) =>
      (await ask(tenant, requestOf({ model }), client)).find(({ $case }) => $case === 'usage')
        ?.value
    const usage = { prompt_tokens: 9, completion_tokens: 3 }
    provider.setScenario({ tokens: TOKENS, usage })
    await settings.setOrgProvider(choiceOf(), await as(tenant))
    expect(await costOf('own-model')).toMatchObject({ costMicro: undefined, currency: '' })
    // The one that answers is the one that costs: here a fallback.
    other.setScenario({ tokens: TOKENS, usage })
    provider.setScenario({ status: 401 })
    const fallback = fallbackRow({ model: 'named', baseUrl: other.url })
    await settings.setOrgProvider(choiceOf({ fallbacks: [fallback] }), await as(tenant))
    expect(await costOf('own-model')).toMatchObject({ costMicro: 48n, currency: 'EUR' })
  })

  test('that fails keeps its reason on the way', async () => {
    provider.setScenario({ status: 429, retryAfter: 3 })
    await expect(ask(tenantOf())).rejects.toMatchObject({
      reason: 'UPSTREAM_ERROR',
      retryAfterMs: 3_000,
    })
  })

  test('is refused when what was asked for is not in force', async () => {
    const before = provider.requests.length
    for (const change of [{ provider: 'mistral' }, { model: 'other' }]) {
      await expect(ask(tenantOf(), requestOf(change))).rejects.toMatchObject({
        reason: 'UNAVAILABLE',
      })
    }
    expect(provider.requests.length).toBe(before)
  })

  test.each([
    ['/messages', { messages: [] }],
    [
      '/messages/0/role',
      { messages: [{ role: Role.UNSPECIFIED, content: 'x', toolCalls: [], toolCallId: '' }] },
    ],
    ['/sources/1/n', { sources: [1, 1].map((n) => ({ n, title: '', text: '' })) }],
    ['/temperature', { temperatureE4: 20_001 }],
    ['/max_tokens', { maxTokens: 0 }],
  ])('is refused for a mistake at %s', async (pointer, change) => {
    await expect(ask(tenantOf(), requestOf(change))).rejects.toMatchObject({
      reason: 'INVALID_INPUT',
      message: expect.stringContaining(pointer) as string,
    })
  })

  test('of Anthropic calls tools, and a field that it cannot take is refused by name', async () => {
    await using vendor = await startVendor(ANTHROPIC_WIRE)
    const endpoint = { baseUrl: vendor.url, apiKey: KEY, isGuarded: false }
    const claude: Provider = {
      kind: 'anthropic',
      model: MODEL,
      models: [MODEL],
      region: 'us',
      endpoint,
    }
    await using answering = await startLlm(configOf({ provider: claude }), log())
    using client = clientOf(ChatDefinition, 'gateway', answering.port)
    using checks = clientOf(ProviderDefinition, 'gateway', answering.port)
    const toolsJson = JSON.stringify([{ type: 'function', function: { name: 'weather' } }])
    const request = requestOf({ provider: 'anthropic', model: MODEL, toolsJson })
    vendor.play({ calls: [{ id: 'toolu_1', name: 'weather', pieces: ['{"city":', '"Köln"}'] }] })
    const tenant = tenantOf()
    expect(await ask(tenant, request, client)).toMatchObject([
      { $case: 'toolCall', value: { index: 0, id: 'toolu_1', name: 'weather', arguments: '' } },
      { $case: 'toolCall', value: { index: 0, id: '', name: '', arguments: '{"city":' } },
      { $case: 'toolCall', value: { index: 0, id: '', name: '', arguments: '"Köln"}' } },
      { $case: 'usage', value: { tokensIn: 11, tokensOut: 5, estimated: false } },
      {
        $case: 'finished',
        value: {
          reason: FinishReason.TOOL_CALLS,
          provider: 'anthropic',
          model: MODEL,
          region: 'us',
        },
      },
    ])
    await expect(ask(tenantOf(), { ...request, seed: 7n }, client)).rejects.toMatchObject({
      reason: 'INVALID_INPUT',
      message: '/seed is not supported by anthropic; leave it out',
    })
    expect(await checks.checkProvider({}, await as(tenantOf()))).toMatchObject({ ok: true })
    expect(await checks.getManifest({}, await as(tenant))).toMatchObject({
      entries: [
        {
          provider: 'anthropic',
          termsUrl: expect.stringMatching(/^https:.*anthropic.*terms/) as string,
          documentationUrl: expect.stringMatching(/^https:.*models/) as string,
        },
      ],
    })
  })

  test('quotes the sources when there is no model', async () => {
    const config = configOf({ provider: undefined })
    await using quoting = await startLlm(config, log())
    using client = clientOf(ChatDefinition, 'gateway', quoting.port)
    const events = await ask(
      tenantOf(),
      requestOf({
        provider: 'extractive',
        model: 'extractive',
        sources: [{ n: 4, title: 'Numbers', text: 'After one comes two. Cats sleep a lot.' }],
      }),
      client,
    )
    const text = events.map((event) => (event.$case === 'delta' ? event.value : '')).join('')
    expect(text).toContain('“After one comes two.” [4]')
    expect(events.at(-1)?.$case).toBe('finished')
  })
})

describe('who may ask', () => {
  test('only the gateway for answers, the gateway and compliance for providers', async () => {
    const tenant = tenantOf()
    for (const caller of ['compliance', 'rag']) {
      using client = clientOf(ChatDefinition, caller)
      await expect(ask(tenant, requestOf(), client)).rejects.toMatchObject({ reason: 'FORBIDDEN' })
    }
    using compliance = clientOf(ProviderDefinition, 'compliance')
    expect(await compliance.getManifest({}, await as(tenant))).toEqual({ entries: [] })
    using rag = clientOf(ProviderDefinition, 'rag')
    await expect(rag.listProviders({}, await as(tenant))).rejects.toMatchObject({
      reason: 'FORBIDDEN',
    })
  })

  test('nobody without a tenant token for this service', async () => {
    const wrong = { tenantToken: await keys.sign(tenantOf(), 'rag') }
    await expect(providers.getOrgProvider({}, wrong)).rejects.toMatchObject({
      reason: 'UNAUTHENTICATED',
    })
  })
})

describe('the choice of an organisation', () => {
  test('is listed by kind, in alphabetical order', async () => {
    const { kinds } = await providers.listProviders({}, await as(tenantOf()))
    const names = kinds.map(({ name }) => name)
    expect(names).toEqual([...names].sort())
    expect(kinds).toContainEqual({ name: 'mistral', needsBaseUrl: false, needsApiKey: true })
    expect(kinds).toContainEqual({
      name: 'openai-compatible',
      needsBaseUrl: true,
      needsApiKey: false,
    })
  })

  test('is the default until it is made, answers with its key, and can be taken back', async () => {
    const tenant = tenantOf()
    const before = await providers.getOrgProvider({}, await as(tenant))
    expect(before).toMatchObject({ chosen: false, baseUrl: '', hasApiKey: false })
    expect(before.resolved?.model).toBe('scripted')

    await providers.setOrgProvider(choiceOf({ apiKey: API_KEY }), await as(tenant))
    const chosen = await providers.getOrgProvider({}, await as(tenant))
    expect(chosen).toMatchObject({
      chosen: true,
      resolved: {
        provider: 'openai-compatible',
        model: 'own-model',
        region: 'eu',
        models: ['own-model'],
      },
      baseUrl: provider.url,
      hasApiKey: true,
    })
    await ask(tenant, requestOf({ model: 'own-model' }))
    expect(provider.requests.at(-1)?.headers['authorization']).toBe(`Bearer ${API_KEY}`)
    expect(await providers.checkProvider({}, await as(tenant))).toMatchObject({ ok: true })

    const cleared = await providers.setOrgProvider(choiceOf({ provider: '' }), await as(tenant))
    expect(cleared.resolved?.model).toBe('scripted')
  })

  test('keeps its key for the same endpoint only', async () => {
    const tenant = tenantOf()
    const hasKey = async (change: Partial<SetOrgProviderRequest>) => {
      await providers.setOrgProvider(choiceOf(change), await as(tenant))
      return (await providers.getOrgProvider({}, await as(tenant))).hasApiKey
    }
    expect(await hasKey({ apiKey: API_KEY })).toBe(true)
    expect(await hasKey({ model: 'another' })).toBe(true)
    // A new base URL could be the admin's own server, and the key would be readable there.
    expect(await hasKey({ baseUrl: `${provider.url}/elsewhere` })).toBe(false)
    expect(await hasKey({ apiKey: API_KEY })).toBe(true)
    expect(await hasKey({ apiKey: '' })).toBe(false)
  })

  test('is nobody else’s: another organisation sees neither choice nor key nor use', async () => {
    const [one, other] = [tenantOf(), tenantOf()]
    await providers.setOrgProvider(choiceOf({ apiKey: API_KEY }), await as(one))
    await ask(one, requestOf({ model: 'own-model' }))
    expect(await providers.getOrgProvider({}, await as(other))).toMatchObject({ chosen: false })
    expect(await providers.getManifest({}, await as(other))).toEqual({ entries: [] })

    await using database = openDatabase({ url: postgres.url('lexcustis_llm'), name: 'test' })
    for (const table of ['provider_choice', 'provider_use']) {
      const rows = await database.tenant(other.organizationId, async (tx) =>
        tx.query(`SELECT organization_id FROM llm.${table}`),
      )
      expect(rows).toEqual([])
      expect(await database.query(`SELECT organization_id FROM llm.${table}`)).toEqual([])
    }
    const insert = database.tenant(other.organizationId, async (tx) =>
      tx.query(
        `INSERT INTO llm.provider_choice (organization_id, kind, model, base_url, region, set_by)
         VALUES ($1, 'extractive', 'extractive', '', 'local', 'x')`,
        [uuidv7()],
      ),
    )
    await expect(insert).rejects.toBeInstanceOf(AppError)
  })

  test('holds its key sealed in the database', async () => {
    const tenant = tenantOf()
    await providers.setOrgProvider(choiceOf({ apiKey: API_KEY }), await as(tenant))
    await using database = openDatabase({ url: postgres.superuserUrl, name: 'test' })
    const [row] = await database.query<{ row: string; sealed_key: Buffer }>(
      `SELECT provider_choice::text AS row, sealed_key FROM llm.provider_choice
       WHERE organization_id = $1`,
      [tenant.organizationId],
    )
    expect(row?.sealed_key.includes(API_KEY)).toBe(false)
    expect(row?.row).not.toContain(API_KEY)

    // Bytes moved to another organisation open nothing there.
    const thief = tenantOf()
    await database.query(
      `INSERT INTO llm.provider_choice
         (organization_id, kind, model, base_url, region, sealed_key, set_by)
       SELECT $2, kind, model, base_url, region, sealed_key, set_by
       FROM llm.provider_choice WHERE organization_id = $1`,
      [tenant.organizationId, thief.organizationId],
    )
    await expect(ask(thief, requestOf({ model: 'own-model' }))).rejects.toMatchObject({
      reason: 'UNAVAILABLE',
    })
  })

  test.each<[string, Partial<SetOrgProviderRequest>]>([
    ['/provider', { provider: 'oracle' }],
    ['/provider', { provider: 'constructor' }],
    ['/base_url', { baseUrl: '' }],
    ['/base_url', { baseUrl: 'https://10.0.0.1/v1' }],
    ['/base_url', { baseUrl: 'http://169.254.169.254/v1' }],
    ['/base_url', { provider: 'mistral', apiKey: 'k', baseUrl: 'https://example.com/v1' }],
    ['/base_url', { provider: 'anthropic', apiKey: 'k', baseUrl: 'https://example.com' }],
    ['/base_url', { provider: 'azure-openai', apiKey: 'k', baseUrl: 'https://1.1.1.1/openai' }],
    ['/api_key', { provider: 'anthropic', baseUrl: '' }],
    ['/api_key', { apiKey: 'two words' }],
    ['/api_key', { apiKey: 'line\nend' }],
    ['/model', { model: '' }],
    ['/model', { model: 'x\u0000' }],
    ['/region', { region: 'x'.repeat(65) }],
  ])('is refused for a mistake at %s', async (pointer, change) => {
    const tenant = tenantOf()
    await expect(
      providers.setOrgProvider(choiceOf(change), await as(tenant)),
    ).rejects.toMatchObject({
      reason: 'INVALID_INPUT',
      message: expect.stringContaining(pointer) as string,
    })
    expect(await providers.getOrgProvider({}, await as(tenant))).toMatchObject({ chosen: false })
  })

  test.each(['member', 'reviewer', 'auditor'] as const)('cannot be made by a %s', async (role) => {
    const tenant = tenantOf({ userRole: role })
    await expect(providers.setOrgProvider(choiceOf(), await as(tenant))).rejects.toMatchObject({
      reason: 'FORBIDDEN',
    })
  })

  test('takes no key, and no address of this machine, where these are not set up', async () => {
    await using strict = await startLlm(
      configOf({ sealingKey: undefined, isLoopbackAllowed: false }),
      log(),
    )
    using client = clientOf(ProviderDefinition, 'gateway', strict.port)
    const set = async (change: Partial<SetOrgProviderRequest>) =>
      client.setOrgProvider(choiceOf(change), await as(tenantOf()))
    await expect(set({})).rejects.toThrow(/base_url/)
    const baseUrl = 'https://1.1.1.1/v1'
    await expect(set({ baseUrl, apiKey: API_KEY })).rejects.toThrow(/LLM_SEALING_KEY_FILE/)
    expect((await set({ baseUrl })).resolved?.region).toBe('eu')
  })
})

describe('what an organisation says about its providers', () => {
  const fallbackOf = (change: Partial<FallbackChoice> = {}): FallbackChoice =>
    fallbackRow({ model: 'second-model', baseUrl: `${provider.url}/`, region: 'de', ...change })
  const finishOf = (events: readonly { readonly $case: string; readonly value: unknown }[]) =>
    events.find(({ $case }) => $case === 'finished')?.value

  test('is read as it was set, keys apart', async () => {
    const tenant = tenantOf()
    const request = choiceOf({
      apiKey: API_KEY,
      fallbacks: [fallbackOf({ apiKey: 'sk-second' }), fallbackOf({ model: 'third' })],
      allowedRegions: ['eu', 'ch'],
      temperatureE4: 3_000,
      maxTokens: 500,
    })
    await providers.setOrgProvider(request, await as(tenant))
    const read = await providers.getOrgProvider({}, await as(tenant))
    expect(read).toMatchObject({
      chosen: true,
      hasApiKey: true,
      allowedRegions: ['eu', 'ch'],
      temperatureE4: 3_000,
      maxTokens: 500,
    })
    expect(read.resolved?.fallbacks).toEqual([
      {
        provider: 'openai-compatible',
        model: 'second-model',
        region: 'de',
        baseUrl: `${provider.url}/`,
        hasApiKey: true,
      },
      {
        provider: 'openai-compatible',
        model: 'third',
        region: 'de',
        baseUrl: `${provider.url}/`,
        hasApiKey: false,
      },
    ])
    // Set again without keys, in another order: each key stays with its endpoint.
    const { apiKey: _, ...rest } = request
    await providers.setOrgProvider({ ...rest, fallbacks: [fallbackOf()] }, await as(tenant))
    const again = await providers.getOrgProvider({}, await as(tenant))
    expect([again.hasApiKey, again.resolved?.fallbacks[0]?.hasApiKey]).toEqual([true, true])
  })

  test('a fallback answers, with its model, its key and its name in the end', async () => {
    const tenant = tenantOf()
    await using other = await startScriptedProvider({ scenario: { tokens: TOKENS } })
    const fallback = fallbackOf({ baseUrl: other.url, apiKey: 'sk-second' })
    const request = choiceOf({ fallbacks: [fallback] })
    await providers.setOrgProvider(request, await as(tenant))
    provider.setScenario({ status: 401 })
    const events = await ask(tenant, requestOf({ model: 'own-model' }))
    expect(finishOf(events)).toMatchObject({ model: 'second-model', region: 'de' })
    expect(other.requests.at(-1)).toMatchObject({
      body: { model: 'second-model' },
      headers: { authorization: 'Bearer sk-second' },
    })
    expect(await providers.getManifest({}, await as(tenant))).toMatchObject({
      entries: [{ model: 'second-model', region: 'de', termsUrl: '', documentationUrl: '' }],
    })
  })

  test('nobody else goes on with an answer that broke off', async () => {
    const tenant = tenantOf()
    await using other = await startScriptedProvider({ scenario: { tokens: TOKENS } })
    const request = choiceOf({ fallbacks: [fallbackOf({ baseUrl: other.url })] })
    await providers.setOrgProvider(request, await as(tenant))
    provider.setScenario({ tokens: TOKENS, resetAfter: 1 })
    await expect(ask(tenant, requestOf({ model: 'own-model' }))).rejects.toMatchObject({
      reason: 'UPSTREAM_ERROR',
    })
    expect(other.requests).toEqual([])
  })

  test('its temperature is for requests without one, its bound for all of them', async () => {
    const tenant = tenantOf()
    const request = choiceOf({ temperatureE4: 3_000, maxTokens: 50 })
    await providers.setOrgProvider(request, await as(tenant))
    const sent = async (change: Partial<StreamChatRequest>) => {
      await ask(tenant, requestOf({ model: 'own-model', ...change }))
      const { temperature, max_tokens } = provider.requests.at(-1)?.body as Record<string, unknown>
      return [temperature, max_tokens]
    }
    expect(await sent({})).toEqual([0.3, 50])
    expect(await sent({ temperatureE4: 9_000, maxTokens: 20 })).toEqual([0.9, 20])
    expect(await sent({ maxTokens: 4_000 })).toEqual([0.3, 50])
  })

  test('a region that is not allowed is refused, be it the default of the deployment', async () => {
    const tenant = tenantOf()
    const set = async (change: Partial<SetOrgProviderRequest>) =>
      providers.setOrgProvider(choiceOf({ allowedRegions: ['eu'], ...change }), await as(tenant))
    await expect(set({ region: 'us' })).rejects.toThrow('/region')
    await expect(set({ fallbacks: [fallbackOf({ region: 'us' })] })).rejects.toThrow(
      '/fallbacks/0/region',
    )
    // The default of this deployment is in a region named "test".
    await set({ provider: '' })
    const before = provider.requests.length
    await expect(ask(tenant)).rejects.toMatchObject({ reason: 'FORBIDDEN' })
    expect(provider.requests.length).toBe(before)
    await set({ provider: '', allowedRegions: [] })
    await expect(ask(tenant)).resolves.toBeDefined()
  })

  test.each<[string, Partial<SetOrgProviderRequest>]>([
    ['/allowed_regions/1', { allowedRegions: ['eu', 'EU only'] }],
    ['/temperature', { temperatureE4: 20_001 }],
    ['/max_tokens', { maxTokens: 0 }],
    ['/fallbacks/0/base_url', { fallbacks: [fallbackRow({ baseUrl: 'https://10.0.0.1/v1' })] }],
    ['/fallbacks/1/model', { fallbacks: [fallbackRow(), fallbackRow({ model: '' })] }],
    ['/fallbacks', { fallbacks: Array.from({ length: 5 }, () => fallbackRow()) }],
    ['/temperature', { provider: 'anthropic', apiKey: 'k', baseUrl: '', temperatureE4: 1 }],
  ])('a mistake at %s is refused, and nothing is changed', async (pointer, change) => {
    const tenant = tenantOf()
    await expect(
      providers.setOrgProvider(choiceOf(change), await as(tenant)),
    ).rejects.toMatchObject({
      reason: 'INVALID_INPUT',
      message: expect.stringContaining(pointer) as string,
    })
    expect(await providers.getOrgProvider({}, await as(tenant))).toMatchObject({ chosen: false })
  })

  test('somebody who does not answer is not stored, unless it is asked for', async () => {
    const tenant = tenantOf()
    await using gone = await startScriptedProvider()
    const fallback = fallbackOf({ baseUrl: gone.url })
    await gone[Symbol.asyncDispose]()
    const request = choiceOf({ fallbacks: [fallback], skipCheck: false, model: 'scripted' })
    await expect(providers.setOrgProvider(request, await as(tenant))).rejects.toThrow(
      '/fallbacks/0/provider does not answer',
    )
    expect(await providers.getOrgProvider({}, await as(tenant))).toMatchObject({ chosen: false })
    await providers.setOrgProvider({ ...request, skipCheck: true }, await as(tenant))
    expect(await providers.checkProvider({}, await as(tenant))).toMatchObject({
      ok: true,
      detail: expect.stringContaining('a fallback does not answer') as string,
    })
  })

  test('its fallbacks are nobody else’s', async () => {
    const [one, other] = [tenantOf(), tenantOf()]
    const request = choiceOf({ fallbacks: [fallbackOf({ apiKey: API_KEY })], maxTokens: 7 })
    await providers.setOrgProvider(request, await as(one))
    await using database = openDatabase({ url: postgres.url('lexcustis_llm'), name: 'test' })
    for (const table of ['provider_settings', 'provider_fallback']) {
      const read = `SELECT organization_id FROM llm.${table}`
      expect(await database.tenant(other.organizationId, async (tx) => tx.query(read))).toEqual([])
      expect(await database.query(read)).toEqual([])
      expect(await database.tenant(one.organizationId, async (tx) => tx.query(read))).not.toEqual(
        [],
      )
    }
  })
})

describe('a new sealing key', () => {
  test('takes over what the one before sealed, which can go then', async () => {
    const [before, after] = [randomBytes(32), randomBytes(32)]
    const tenant = tenantOf()
    {
      await using old = await startLlm(configOf({ sealingKey: before }), log())
      using client = clientOf(ProviderDefinition, 'gateway', old.port)
      const fallbacks = [
        {
          provider: 'openai-compatible',
          model: 'm2',
          baseUrl: `${provider.url}/`,
          region: 'eu',
          apiKey: 'sk-second',
        },
      ]
      await client.setOrgProvider(choiceOf({ apiKey: API_KEY, fallbacks }), await as(tenant))
    }
    await using database = openDatabase({ url: postgres.superuserUrl, name: 'test' })
    const sealedKeys = async () => {
      const rows = await database.query<{ sealed_key: Buffer }>(
        `SELECT sealed_key FROM llm.provider_choice WHERE organization_id = $1
         UNION ALL SELECT sealed_key FROM llm.provider_fallback WHERE organization_id = $1`,
        [tenant.organizationId],
      )
      return rows.map(({ sealed_key }) => sealed_key.toString('hex'))
    }
    const sealedBefore = await sealedKeys()
    {
      await using both = await startLlm(
        configOf({ sealingKey: after, previousSealingKeys: [before] }),
        log(),
      )
      using client = clientOf(ChatDefinition, 'gateway', both.port)
      // Before and after it was sealed anew.
      await ask(tenant, requestOf({ model: 'own-model' }), client)
      await vi.waitFor(async () => {
        const now = await sealedKeys()
        expect(now).toHaveLength(2)
        expect(now.filter((key) => sealedBefore.includes(key))).toEqual([])
      })
      await ask(tenant, requestOf({ model: 'own-model' }), client)
    }
    await using alone = await startLlm(configOf({ sealingKey: after }), log())
    using client = clientOf(ChatDefinition, 'gateway', alone.port)
    await ask(tenant, requestOf({ model: 'own-model' }), client)
    expect(provider.requests.at(-1)?.headers['authorization']).toBe(`Bearer ${API_KEY}`)
  })
})

describe('a key that no longer opens', () => {
  test('stops answers, but not the admin from seeing the choice and making a new one', async () => {
    const tenant = tenantOf()
    await providers.setOrgProvider(choiceOf({ apiKey: API_KEY }), await as(tenant))
    await using rekeyed = await startLlm(configOf({ sealingKey: randomBytes(32) }), log())
    using ownChat = clientOf(ChatDefinition, 'gateway', rekeyed.port)
    using own = clientOf(ProviderDefinition, 'gateway', rekeyed.port)
    const request = requestOf({ model: 'own-model' })
    await expect(ask(tenant, request, ownChat)).rejects.toMatchObject({
      reason: 'UNAVAILABLE',
      message: expect.stringContaining('set the API key again') as string,
    })
    expect(await own.getOrgProvider({}, await as(tenant))).toMatchObject({
      chosen: true,
      hasApiKey: true,
    })
    await own.setOrgProvider(choiceOf({ apiKey: API_KEY }), await as(tenant))
    expect((await ask(tenant, request, ownChat)).at(-1)?.$case).toBe('finished')
  })
})

describe('what is logged', () => {
  test('never holds a key, a question, an answer or a base URL', async () => {
    const lines: string[] = []
    const destination = { write: (line: string) => void lines.push(line) }
    const loud = createLogger({ service: 'llm', level: 'trace', destination })
    const tenant = tenantOf()
    await using talking = await startLlm(configOf(), loud)
    using ownChat = clientOf(ChatDefinition, 'gateway', talking.port)
    using own = clientOf(ProviderDefinition, 'gateway', talking.port)
    await own.setOrgProvider(choiceOf({ apiKey: API_KEY }), await as(tenant))
    const request = requestOf({ model: 'own-model' })
    for (const scenario of [{}, { malformedAfter: 1 }, { status: 401 }, { resetAfter: 1 }]) {
      provider.setScenario({ tokens: TOKENS, ...scenario })
      await ask(tenant, request, ownChat).catch(() => undefined)
    }
    await own.checkProvider({}, await as(tenant))
    const told = JSON.stringify([
      lines,
      await own.getOrgProvider({}, await as(tenant)),
      await own.getManifest({}, await as(tenant)),
    ])
    expect(lines.join('')).toContain('provider chosen')
    expect(told).not.toContain(API_KEY)
    for (const text of ['What comes after', 'three', new URL(provider.url).host]) {
      expect(lines.join('')).not.toContain(text)
    }
  })
})

describe('the manifest', () => {
  test('names what was used, by what the provider called it', async () => {
    const tenant = tenantOf()
    for (const modelSnapshot of ['v1', 'v2', 'v2']) {
      provider.setScenario({ tokens: TOKENS, modelSnapshot })
      await ask(tenant)
    }
    const { entries } = await vi.waitFor(async () => {
      const manifest = await providers.getManifest({}, await as(tenant))
      expect(manifest.entries).toHaveLength(2)
      return manifest
    })
    expect(entries).toMatchObject([
      { provider: 'openai-compatible', model: 'scripted', modelSnapshot: 'v1', region: 'test' },
      { provider: 'openai-compatible', model: 'scripted', modelSnapshot: 'v2', region: 'test' },
    ])
    for (const { firstUsedAt, lastUsedAt } of entries) {
      expect(lastUsedAt?.getTime()).toBeGreaterThanOrEqual(firstUsedAt?.getTime() ?? Infinity)
    }
  })
})

describe('readiness', () => {
  test('is degraded without a language model, and says what to do', async () => {
    await using quoting = await startLlm(configOf({ provider: undefined }), log())
    const response = await fetch(`http://127.0.0.1:${quoting.metricsPort}/readyz`)
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({
      status: 'degraded',
      checks: [
        { name: 'database', status: 'ready' },
        { name: 'default_provider', status: 'degraded' },
      ],
    })
  })
})
