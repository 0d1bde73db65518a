import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PASSWORD, type Tenant, World } from './world.js'

describe('the rate limit', () => {
  let world: World
  let tenant: Tenant
  beforeAll(async () => {
    world = await World.start({
      userLimit: { name: 'user', limit: 5, windowSeconds: 60 },
      loginLimit: { name: 'login', limit: 3, windowSeconds: 60 },
    })
    tenant = await world.createTenant()
  })
  afterAll(async () => world[Symbol.asyncDispose]())

  test('counts per user, tells where one stands, and says when to come back', async () => {
    const token = tenant.admin.token
    const answers = []
    for (let n = 0; n < 7; n += 1) answers.push(await world.call('GET', '/api/v1/me', { token }))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429, 429])
    expect(answers[0]?.headers.get('ratelimit-policy')).toBe('"user";q=5;w=60')
    expect(answers[0]?.headers.get('ratelimit')).toMatch(/^"user";r=4;t=\d+$/)
    const refused = answers[5]
    expect(refused?.json.reason).toBe('RATE_LIMITED')
    expect(refused?.headers.get('ratelimit')).toMatch(/^"user";r=0;t=\d+$/)
    const after = Number(refused?.headers.get('retry-after'))
    expect(after).toBeGreaterThan(0)
    expect(after).toBeLessThanOrEqual(60)
    expect(refused?.headers.get('x-should-retry')).toBeNull()
  })

  test('of one user is nobody else’s', async () => {
    const { json } = await world.login(tenant.admin.email)
    expect((await world.call('GET', '/api/v1/me', { token: json.access_token })).status).toBe(429)
    const token = await world.operatorToken()
    expect((await world.call('GET', '/api/v1/me', { token })).status).toBe(200)
  })

  test('stops guessing at an address, right guesses included, known or not', async () => {
    for (const email of [tenant.admin.email, 'nobody@tenant.test']) {
      const statuses = []
      for (let n = 0; n < 4; n += 1) statuses.push((await world.login(email, 'guess')).status)
      expect(statuses).toEqual([401, 401, 401, 429])
      expect((await world.login(email, PASSWORD)).status).toBe(429)
    }
  })
})

describe('the daily budget', () => {
  test('refuses finally, in the words of each API, and is not charged for it', async () => {
    await using world = await World.start({ dailyChatCap: 0 })
    const tenant = await world.createTenant()
    const body = { model: 'quotes', messages: [{ role: 'user', content: 'hello' }] }
    const { token } = tenant.admin
    const native = await world.call('POST', '/api/v1/chat', {
      token,
      body: { messages: body.messages },
    })
    expect(native).toMatchObject({ status: 429, json: { reason: 'RATE_LIMITED' } })
    expect(native.headers.get('x-should-retry')).toBe('false')
    const openai = await world.call('POST', '/v1/chat/completions', { token, body })
    expect(openai).toMatchObject({ status: 429, json: { error: { code: 'insufficient_quota' } } })
    expect(openai.headers.get('x-should-retry')).toBe('false')
    expect(Number(openai.headers.get('retry-after'))).toBeLessThanOrEqual(86_400)
  })
})

describe('a gateway that is told to stop', () => {
  test('lets running requests finish, closes streams when the time is over, and is gone', async () => {
    const world = await World.start({ drainMs: 400 })
    const tenant = await world.createTenant()
    const { json } = await world.upload('/api/v1/documents', { token: tenant.admin.token })
    // A stream that would go on for minutes: the document never becomes ready.
    const watching = world.call('GET', `/api/v1/documents/${json.id}/events`, {
      token: tenant.admin.token,
    })
    await new Promise((resolve) => setTimeout(resolve, 100))
    const stopping = world.gateway[Symbol.asyncDispose]()
    const probe = await fetch(`http://127.0.0.1:${world.gateway.metricsPort}/readyz`)
    expect(probe.status).toBe(503)
    await expect
      .poll(async () => world.call('GET', '/livez').catch(() => 'refused'))
      .toBe('refused')
    expect((await watching).text).toContain('event: state')
    await stopping
    await world.neighbours[Symbol.asyncDispose]()
    await world.postgres[Symbol.asyncDispose]()
  })
})

describe('without its database', () => {
  test('the gateway answers 503 and says so on /readyz', async () => {
    await using world = await World.start()
    const tenant = await world.createTenant()
    await world.postgres.kill()
    const answer = await world.login(tenant.admin.email)
    expect(answer).toMatchObject({ status: 503, json: { reason: 'UNAVAILABLE' } })
    const { status, json } = await world.call('GET', '/readyz')
    expect(status).toBe(503)
    expect(json.checks).toContainEqual(
      expect.objectContaining({ name: 'database', status: 'not_ready' }),
    )
    await world.postgres.start()
    await expect.poll(async () => (await world.login(tenant.admin.email)).status).toBe(200)
  })
})
