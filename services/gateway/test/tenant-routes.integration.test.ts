import { AppError } from '@lexcustis/core'
import { Check, Mode } from '@lexcustis/proto/compliance'
import { DocumentState } from '@lexcustis/proto/rag'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Answer, OPERATOR, type Tenant, World, aString, matching } from './world.js'

let world: World
let tenant: Tenant

beforeAll(async () => {
  world = await World.start()
})
beforeEach(async () => {
  tenant = await world.createTenant()
})
afterEach(() => {
  world.neighbours.failAppend = undefined
  world.neighbours.failIngest = undefined
  world.neighbours.failSettings = undefined
  world.neighbours.onAppend = async () => undefined
})
afterAll(async () => world[Symbol.asyncDispose]())

const get = async (path: string): Promise<Answer> =>
  world.call('GET', path, { token: tenant.admin.token })

/** Events of a finished event stream. */
function eventsOf({ text }: Answer): { event: string; data: unknown }[] {
  return [...text.matchAll(/event: (.+)\ndata: (.+)\n\n/g)].map(([, event = '', data = '']) => ({
    event,
    data: JSON.parse(data) as unknown,
  }))
}

describe('documents', () => {
  test('are streamed to rag and accepted', async () => {
    const content = Buffer.alloc(3_000_000, 'Article 73. ')
    const answer = await world.upload('/api/v1/documents', {
      token: tenant.admin.token,
      name: 'Überblick – 2026.md',
      content,
    })
    expect(answer.status).toBe(202)
    expect(answer.json).toEqual({
      id: matching(/^[0-9a-f-]{36}$/),
      name: 'Überblick – 2026.md',
      media_type: 'text/markdown',
      size_bytes: 3_000_000,
      state: 'queued',
    })
    const held = world.neighbours.documents.at(-1)
    expect(held?.bytes.equals(content)).toBe(true)
    expect(held?.organizationId).toBe(tenant.id)
    expect(world.neighbours.last('document.ingested')?.attrs).toEqual({
      document: answer.json.id,
      media_type: 'text/markdown',
      size_bytes: 3_000_000,
      sha256: held?.document.sha256.toString('hex'),
    })
  })

  test('are listed and shown with their state', async () => {
    const { json } = await world.upload('/api/v1/documents', { token: tenant.admin.token })
    const one = await get(`/api/v1/documents/${json.id}`)
    expect(one.json).toMatchObject({ ...json, reason: null, chunk_count: 0 })
    expect((await get('/api/v1/documents')).json).toEqual({ items: [one.json], next_cursor: null })
  })

  test('report their progress until they are ready', async () => {
    const { json } = await world.upload('/api/v1/documents', { token: tenant.admin.token })
    const document = world.neighbours.documents.at(-1)!.document
    setTimeout(() => Object.assign(document, { state: DocumentState.EMBEDDING }), 100)
    setTimeout(() => Object.assign(document, { state: DocumentState.READY, chunkCount: 7 }), 700)
    const answer = await get(`/api/v1/documents/${json.id}/events`)
    expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(eventsOf(answer)).toMatchObject([
      { event: 'state', data: { id: json.id, state: 'queued' } },
      { event: 'state', data: { state: 'embedding' } },
      { event: 'state', data: { state: 'ready', chunk_count: 7 } },
    ])
  })

  test('are gone after they were deleted', async () => {
    const { json } = await world.upload('/api/v1/documents', { token: tenant.admin.token })
    const path = `/api/v1/documents/${json.id}`
    const deleted = await world.call('DELETE', path, { token: tenant.admin.token })
    expect(deleted).toMatchObject({ status: 204, text: '' })
    expect((await get(path)).status).toBe(404)
    expect(world.neighbours.last('document.deleted')?.attrs).toEqual({ document: json.id })
  })

  test('are not accepted while they cannot be recorded', async () => {
    world.neighbours.failAppend = new AppError('UNAVAILABLE', 'down')
    const answer = await world.upload('/api/v1/documents', { token: tenant.admin.token })
    expect(answer).toMatchObject({ status: 503, json: { reason: 'UNAVAILABLE' } })
    const held = world.neighbours.documents.filter((one) => one.organizationId === tenant.id)
    expect(held).toEqual([])
  })

  test('that rag refuses after the record are taken back in the log', async () => {
    world.neighbours.failIngest = new AppError('INVALID_INPUT', 'not UTF-8')
    const answer = await world.upload('/api/v1/documents', { token: tenant.admin.token })
    expect(answer).toMatchObject({ status: 400, json: { detail: 'not UTF-8' } })
    const [taken, back] = world.neighbours.records.slice(-2)
    expect([taken?.type, back?.type]).toEqual(['document.ingested', 'document.deleted'])
    expect(back).toMatchObject({ attrs: { document: taken?.attrs['document'] }, ref: taken?.id })
  })
})

describe('the shared knowledge base', () => {
  test('is filled by the operator, and no organisation is named', async () => {
    const token = await world.operatorToken()
    const answer = await world.upload('/api/v1/knowledge', { token })
    expect(answer.status).toBe(202)
    const listed = await world.call('GET', '/api/v1/knowledge', { token })
    expect(listed.json.items).toHaveLength(world.neighbours.shared.length)
    const held = world.neighbours.shared.find(({ document }) => document.id === answer.json.id)
    expect(listed.json.items).toContainEqual(
      expect.objectContaining({
        id: answer.json.id,
        sha256: held?.document.sha256.toString('hex'),
      }),
    )
  })

  test('answers 202 for what is new and 200 for what was there', async () => {
    const token = await world.operatorToken()
    const upload = { token, name: 'twice.md', content: '# Twice\n\nThe same text.' }
    const first = await world.upload('/api/v1/knowledge', upload)
    expect(first).toMatchObject({ status: 202, json: { existed: false, state: 'queued' } })
    const again = await world.upload('/api/v1/knowledge', upload)
    expect(again).toMatchObject({ status: 200, json: { existed: true, id: first.json.id } })
  })
})

describe('what is recorded', () => {
  const acts: readonly (readonly [string, string, string, unknown])[] = [
    [
      'user.created',
      'POST',
      '/api/v1/users',
      { email: 'a@b.test', password: 'long enough', role: 'member' },
    ],
    ['apikey.created', 'POST', '/api/v1/api-keys', { name: 'ci' }],
    ['policy.changed', 'PATCH', '/api/v1/organization', { policy: { pii: 'block' } }],
    ['settings.changed', 'PATCH', '/api/v1/organization', { name: 'New name' }],
    [
      'settings.changed',
      'PATCH',
      '/api/v1/organization',
      { provider: { provider: 'extractive', model: 'quotes' } },
    ],
    ['organization.paused', 'POST', '/api/v1/organization/pause', undefined],
  ]

  test.each(acts)('%s by %s %s', async (type, method, path, body) => {
    const { status } = await world.call(method, path, { token: tenant.admin.token, body })
    expect(status).toBeLessThan(300)
    expect(world.neighbours.records.at(-1)).toMatchObject({
      type,
      tenant: {
        organizationId: tenant.id,
        userId: tenant.admin.id,
        userRole: 'admin',
        kind: 'user',
        via: 'jwt',
      },
    })
  })

  test.each(acts)('is refused and changes nothing while %s (%s %s) cannot be', async (...act) => {
    const [type, method, path, body] = act
    const snapshot = async () =>
      Promise.all(
        ['/api/v1/users', '/api/v1/api-keys', '/api/v1/organization'].map(
          async (each) => (await get(each)).text,
        ),
      )
    const before = await snapshot()
    world.neighbours.failAppend = new AppError('INTERNAL', 'secret detail of the log')
    const email = type === 'user.created' ? { ...(body as object), email: 'unseen@b.test' } : body
    const answer = await world.call(method, path, { token: tenant.admin.token, body: email })
    expect(answer.status).toBe(503)
    expect(answer.text).not.toContain('secret detail')
    expect(answer.headers.get('retry-after')).toBe('1')
    expect(await snapshot()).toEqual(before)
  })

  test('is recorded before it takes effect', async () => {
    let seen = -1
    world.neighbours.onAppend = async () => {
      seen = (await get('/api/v1/users')).json.items.length
    }
    await world.createUser(tenant, 'member')
    expect(seen).toBe(1)
    world.neighbours.onAppend = async () => undefined
    expect((await get('/api/v1/users')).json.items).toHaveLength(2)
  })

  test('names the operator who created an organisation, in that organisation’s log', () => {
    const first = world.neighbours.records.find((r) => r.tenant.organizationId === tenant.id)
    expect(first).toMatchObject({
      type: 'user.created',
      attrs: { user: tenant.admin.id, role: 'admin' },
      tenant: { kind: 'operator', userRole: 'operator' },
    })
  })
})

describe('the organisation', () => {
  test('shows provider, policy and pause', async () => {
    const { json } = await get('/api/v1/organization')
    expect(json).toEqual({
      id: tenant.id,
      slug: tenant.slug,
      name: tenant.slug,
      paused: false,
      provider: {
        chosen: false,
        provider: 'extractive',
        model: 'quotes',
        models: ['quotes'],
        region: 'local',
        base_url: null,
        has_api_key: false,
        fallbacks: [],
        allowed_regions: [],
        temperature: null,
        max_tokens: null,
      },
      policy: {
        version: 'v',
        checks: { pii: 'monitor', injection: 'monitor', bias: 'monitor', grounding: 'monitor' },
      },
    })
  })

  test('changes its provider and never shows the key again', async () => {
    const provider = {
      provider: 'openai-compatible',
      model: 'm1',
      base_url: 'https://models.example/v1',
      api_key: 'sk-very-secret',
      region: 'eu',
    }
    const changed = await world.call('PATCH', '/api/v1/organization', {
      token: tenant.admin.token,
      body: { provider },
    })
    expect(changed.json.provider).toMatchObject({ chosen: true, model: 'm1', has_api_key: true })
    expect(changed.text).not.toContain('sk-very-secret')
    expect(JSON.stringify(world.neighbours.records)).not.toContain('sk-very-secret')
    expect(world.lines.join('')).not.toContain('sk-very-secret')
  })

  test('says who answers instead, where data may go, and what holds for all of them', async () => {
    const provider = {
      provider: 'extractive',
      model: 'quotes',
      fallbacks: [
        {
          provider: 'openai-compatible',
          model: 'm2',
          base_url: 'https://models.example/v1',
          api_key: 'sk-fallback-secret',
          region: 'de',
        },
      ],
      allowed_regions: ['eu'],
      temperature: 0.2,
      max_tokens: 900,
    }
    const changed = await world.call('PATCH', '/api/v1/organization', {
      token: tenant.admin.token,
      body: { provider },
    })
    expect(changed.json.provider).toMatchObject({
      fallbacks: [{ provider: 'openai-compatible', model: 'm2', region: 'de', has_api_key: true }],
      allowed_regions: ['eu'],
      temperature: 0.2,
      max_tokens: 900,
    })
    expect(changed.text).not.toContain('sk-fallback-secret')
    expect(world.neighbours.providerRequests.at(-1)).toMatchObject({
      temperatureE4: 2_000,
      skipCheck: false,
    })
  })

  test.each([
    [{ allowed_regions: ['eu'] }, 200],
    [{ provider: 'extractive' }, 400],
    [{ region: 'eu', allowed_regions: ['eu'] }, 400],
    [{ provider: 'extractive', model: 'quotes', temperature: 2.1 }, 400],
    [{ provider: 'extractive', model: 'quotes', max_tokens: 0 }, 400],
    [
      { provider: 'extractive', model: 'quotes', fallbacks: [{ provider: 'made-up', model: 'm' }] },
      400,
    ],
    [{ provider: 'extractive', model: 'quotes', organization_id: 'x' }, 400],
  ])('answers %j with %d', async (provider, expected) => {
    const { status } = await world.call('PATCH', '/api/v1/organization', {
      token: tenant.admin.token,
      body: { provider },
    })
    expect(status).toBe(expected)
  })

  test('does not record a provider that cannot be', async () => {
    const before = world.neighbours.records.length
    for (const provider of [
      { provider: 'made-up', model: 'm' },
      { provider: 'openai-compatible', model: 'm' },
    ]) {
      const { status, json } = await world.call('PATCH', '/api/v1/organization', {
        token: tenant.admin.token,
        body: { provider },
      })
      expect(status).toBe(400)
      expect(json.errors[0]?.pointer).toMatch(/^\/provider\//)
    }
    expect(world.neighbours.records.length).toBe(before)
  })

  test('takes a record back when the change is refused after it', async () => {
    world.neighbours.failSettings = new AppError('UNIMPLEMENTED', 'mask is not implemented')
    const policy = await world.call('PATCH', '/api/v1/organization', {
      token: tenant.admin.token,
      body: { policy: { pii: 'mask' } },
    })
    expect(policy.status).toBe(501)
    const [change, back] = world.neighbours.records.slice(-2)
    expect(change).toMatchObject({ type: 'policy.changed', attrs: { checks: { pii: 'mask' } } })
    expect(back).toMatchObject({
      type: 'policy.changed',
      attrs: { checks: { pii: 'monitor' } },
      ref: change?.id,
    })

    world.neighbours.failSettings = new AppError('TIMEOUT', 'nobody knows')
    const before = world.neighbours.records.length
    const provider = await world.call('PATCH', '/api/v1/organization', {
      token: tenant.admin.token,
      body: { provider: { provider: 'extractive', model: 'quotes' } },
    })
    expect(provider.status).toBe(504)
    // It may have happened: the record stands.
    expect(world.neighbours.records.length).toBe(before + 1)
  })

  test('sends only the checks that change', async () => {
    await world.call('PATCH', '/api/v1/organization', {
      token: tenant.admin.token,
      body: { policy: { injection: 'block', pii: 'mask' } },
    })
    expect(world.neighbours.policies.get(tenant.id)).toEqual([
      { check: Check.PII, mode: Mode.MASK },
      { check: Check.INJECTION, mode: Mode.BLOCK },
    ])
  })

  test('refuses chats while it is paused, finally, and answers again when resumed', async () => {
    const chat = async (path: string) =>
      world.call('POST', path, {
        token: tenant.admin.token,
        body: { model: 'quotes', messages: [{ role: 'user', content: 'hello' }], stream: false },
      })
    const act = async (name: string) =>
      world.call('POST', `/api/v1/organization/${name}`, { token: tenant.admin.token })
    await act('pause')
    await act('pause')
    const native = await chat('/api/v1/chat')
    expect(native).toMatchObject({ status: 409, json: { reason: 'CONFLICT' } })
    expect(native.headers.get('x-should-retry')).toBe('false')
    const openai = await chat('/v1/chat/completions')
    expect(openai.headers.get('x-should-retry')).toBe('false')
    expect(openai).toMatchObject({ status: 409, json: { error: { code: 'organization_paused' } } })

    await act('resume')
    expect((await chat('/api/v1/chat')).status).not.toBe(409)
    const types = world.neighbours.typesOf(tenant.id).filter((type) => type.startsWith('organ'))
    expect(types).toEqual(['organization.paused', 'organization.resumed'])
  })
})

describe('the log', () => {
  test('is paged from the oldest record', async () => {
    await world.createKey(tenant)
    const first = (await get('/api/v1/audit/entries?limit=1')).json
    expect(first.items).toEqual([
      {
        sequence: '0',
        id: aString,
        entry_hash: matching(/^[0-9a-f]{64}$/),
        mac: '07'.repeat(32),
        canonical: aString,
        envelope: { type: 'user.created', seq: '0' },
      },
    ])
    const [item] = first.items
    expect(JSON.parse(Buffer.from(item!.canonical, 'base64').toString())).toEqual(item!.envelope)
    const second = (await get(`/api/v1/audit/entries?limit=1&cursor=${first.next_cursor}`)).json
    expect(second).toMatchObject({ items: [{ sequence: '1' }], next_cursor: null })
    expect((await get(`/api/v1/audit/entries/${item!.id}`)).json).toEqual(item)
  })

  test('shows what a record commits to, and what was erased', async () => {
    const { items } = (await get('/api/v1/audit/entries')).json
    const { json } = await get(`/api/v1/audit/entries/${items[0]!.id}/content`)
    expect(json).toEqual({
      id: items[0]!.id,
      items: [
        { field: 'prompt', state: 'present', value: 'why?', erased_by: null },
        {
          field: 'response',
          state: 'erased',
          value: null,
          erased_by: { id: items[0]!.id, sequence: '7' },
        },
      ],
    })
  })

  test('is verified in a stream that ends with the result', async () => {
    const problem = { code: 'mac', sequence: '1', detail: 'mac differs' }
    expect(eventsOf(await get('/api/v1/audit/verify'))).toEqual([
      { event: 'progress', data: { checked: 1, expected: 1 } },
      { event: 'break', data: problem },
      {
        event: 'result',
        data: { valid: false, checked: 1, expected: 1, open: 0, breaks: [problem] },
      },
    ])
  })

  test.each(['inclusion?sequence=-1&size=1', 'inclusion?sequence=01&size=1', 'consistency?to=1'])(
    'refuses a position that is none: %s',
    async (query) => {
      expect((await get(`/api/v1/audit/proofs/${query}`)).status).toBe(400)
    },
  )
})

describe('readiness', () => {
  test('names what is missing and stays up without a neighbour', async () => {
    const ready = await world.call('GET', '/readyz')
    expect(ready).toMatchObject({ status: 200, json: { status: 'ready' } })
    expect(ready.json.checks.map(({ name }) => name)).toEqual([
      'database',
      'audit',
      'compliance',
      'rag',
      'llm',
    ])
    world.neighbours.setServing('rag', false)
    const degraded = await world.call('GET', '/readyz')
    expect(degraded).toMatchObject({ status: 200, json: { status: 'degraded' } })
    expect(degraded.json.checks).toContainEqual({
      name: 'rag',
      status: 'degraded',
      detail: aString,
    })
    world.neighbours.setServing('rag', true)
  })

  test('and metrics are served on a port of their own', async () => {
    const response = await fetch(`http://127.0.0.1:${world.gateway.metricsPort}/metrics`)
    const text = await response.text()
    expect(text).toContain('lexcustis_http_request_duration_seconds_count')
    expect(text).not.toContain(OPERATOR.email)
    expect(text).not.toContain(tenant.id)
  })
})
