import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { UNKNOWN_ID } from './neighbours.js'
import { type Tenant, World, type Body } from './world.js'

let world: World
let tenant: Tenant
const tokens: Record<string, string> = {}

beforeAll(async () => {
  world = await World.start()
  tenant = await world.createTenant()
  for (const role of ['member', 'reviewer', 'auditor', 'admin']) {
    tokens[role] = await world.createUser(tenant, role)
  }
  tokens['operator'] = await world.operatorToken()
})
afterAll(async () => world[Symbol.asyncDispose]())

const ROLES = ['member', 'reviewer', 'auditor', 'admin', 'operator'] as const

/** Route → who may. Everybody else is refused before the body is looked at. */
const TABLE: readonly (readonly [string, string, readonly string[]])[] = [
  ['POST', '/api/v1/chat', ['member', 'reviewer', 'admin']],
  ['POST', '/v1/chat/completions', ['member', 'reviewer', 'admin']],
  ['GET', '/api/v1/documents', ['member', 'reviewer', 'auditor', 'admin']],
  ['GET', `/api/v1/documents/${UNKNOWN_ID}`, ['member', 'reviewer', 'auditor', 'admin']],
  ['GET', `/api/v1/documents/${UNKNOWN_ID}/events`, ['member', 'reviewer', 'auditor', 'admin']],
  ['POST', '/api/v1/documents', ['reviewer', 'admin']],
  ['DELETE', `/api/v1/documents/${UNKNOWN_ID}`, ['reviewer', 'admin']],
  ['GET', '/api/v1/audit/entries', ['reviewer', 'auditor', 'admin']],
  ['GET', `/api/v1/audit/entries/${UNKNOWN_ID}`, ['reviewer', 'auditor', 'admin']],
  ['GET', `/api/v1/audit/entries/${UNKNOWN_ID}/content`, ['reviewer', 'auditor', 'admin']],
  ['GET', '/api/v1/audit/verify', ['auditor', 'admin']],
  ['GET', '/api/v1/audit/checkpoint', ['auditor', 'admin']],
  ['GET', '/api/v1/audit/proofs/inclusion?sequence=0&size=1', ['auditor', 'admin']],
  ['GET', '/api/v1/audit/proofs/consistency?from=0&to=1', ['auditor', 'admin']],
  ['GET', '/api/v1/audit/keys', ['auditor', 'admin']],
  ['GET', '/api/v1/audit/export', ['auditor', 'admin']],
  ['GET', '/api/v1/audit/verifier', ['auditor', 'admin']],
  ['GET', '/api/v1/users', ['auditor', 'admin']],
  ['POST', '/api/v1/users', ['admin']],
  ['GET', '/api/v1/api-keys', ['auditor', 'admin']],
  ['POST', '/api/v1/api-keys', ['admin']],
  ['DELETE', `/api/v1/api-keys/${UNKNOWN_ID}`, ['admin']],
  ['POST', `/api/v1/subjects/${UNKNOWN_ID}/erasure/approval`, ['reviewer', 'admin']],
  ['POST', `/api/v1/subjects/${UNKNOWN_ID}/erasure`, ['admin']],
  ['GET', '/api/v1/audit/retention', ['auditor', 'admin']],
  ['PUT', '/api/v1/audit/retention', ['admin']],
  ['POST', '/api/v1/audit/retention/runs', ['admin']],
  ['POST', '/api/v1/tenant-tokens', []],
  ['GET', '/api/v1/organization', ['auditor', 'admin']],
  ['PATCH', '/api/v1/organization', ['admin']],
  ['POST', '/api/v1/organizations', ['operator']],
  ['GET', '/api/v1/knowledge', ['operator']],
  ['POST', '/api/v1/knowledge', ['operator']],
  ['DELETE', `/api/v1/knowledge/${UNKNOWN_ID}`, ['operator']],
  ['GET', '/api/v1/me', ROLES],
]

describe('the role table', () => {
  test.each(TABLE)('%s %s is for %j', async (method, path, allowed) => {
    for (const role of ROLES) {
      // A body that fits nowhere: whoever may is told so with something other than 403.
      const body = ['POST', 'PUT', 'PATCH'].includes(method) ? { nonsense: 1 } : undefined
      const { status, text } = await world.call(method, path, { token: tokens[role], body })
      if (allowed.includes(role)) expect(status, `${role}: ${text}`).not.toBe(403)
      else expect(status, `${role}: ${text}`).toBe(403)
      expect(status).not.toBe(500)
    }
  })

  test.each(TABLE)('%s %s asks strangers to sign in', async (method, path) => {
    const { status } = await world.call(method, path)
    expect(status).toBe(401)
  })

  test('covers every route of the API description', async () => {
    const { json } = await world.call('GET', '/openapi.json')
    const tested = new Set(
      TABLE.map(([method, path]) => `${method} ${path.replace(UNKNOWN_ID, '{id}').split('?')[0]}`),
    )
    const open = ['/livez', '/readyz', '/.well-known/', '/api/v1/auth/']
    const described = Object.entries(json.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    )
    const missing = described.filter(
      (route) =>
        !tested.has(route) && !open.some((prefix) => route.split(' ')[1]?.startsWith(prefix)),
    )
    expect(missing.filter((route) => !OTHERS.includes(route))).toEqual([])
  })
})

/** The same permissions as their neighbours in the table. */
const OTHERS = [
  'POST /api/v1/organization/pause',
  'POST /api/v1/organization/resume',
  'GET /v1/models',
  'GET /v1/models/{id}',
  'POST /v1/embeddings',
]

describe('API keys', () => {
  test('act with their scopes and never with more than their maker has', async () => {
    const { key } = await world.createKey(tenant)
    expect((await world.call('GET', '/api/v1/documents', { token: key })).status).toBe(200)
    for (const [method, path] of [
      ['GET', '/api/v1/audit/entries'],
      ['POST', '/api/v1/users'],
      ['POST', '/api/v1/api-keys'],
      ['POST', '/api/v1/tenant-tokens'],
      ['PATCH', '/api/v1/organization'],
    ] as const) {
      const body = method === 'GET' ? undefined : {}
      const { status } = await world.call(method, path, { token: key, body })
      expect(status, path).toBe(403)
    }
  })

  test('with a scope for the log read it and nothing else', async () => {
    const { key } = await world.createKey(tenant, ['audit'])
    expect((await world.call('GET', '/api/v1/audit/entries', { token: key })).status).toBe(200)
    expect((await world.call('GET', '/api/v1/documents', { token: key })).status).toBe(403)
    const { json } = await world.call('GET', '/api/v1/me', { token: key })
    expect(json).toMatchObject({ user: { role: 'auditor', email: null } })
  })

  test('stop working when they are revoked, and a second revocation finds nothing', async () => {
    const { id, key } = await world.createKey(tenant)
    const revoke = async () =>
      world.call('DELETE', `/api/v1/api-keys/${id}`, { token: tenant.admin.token })
    expect((await revoke()).status).toBe(204)
    expect((await world.call('GET', '/api/v1/me', { token: key })).status).toBe(401)
    expect((await revoke()).status).toBe(404)
  })

  test('are shown once, stored hashed, and listed by their prefix', async () => {
    const { id, key } = await world.createKey(tenant)
    const { json, text } = await world.call('GET', '/api/v1/api-keys', {
      token: tenant.admin.token,
    })
    const listed = json.items.find((item) => item.id === id)
    expect(key.startsWith(`${listed?.prefix}_`)).toBe(true)
    expect(text).not.toContain(key)
    expect(key).toMatch(/^lc_/)
  })

  test('with the right prefix and another secret are refused', async () => {
    const { key } = await world.createKey(tenant)
    const changed = key.slice(0, -1) + (key.endsWith('A') ? 'B' : 'A')
    expect((await world.call('GET', '/api/v1/me', { token: changed })).status).toBe(401)
  })

  test('issue tenant tokens only with the scope for it', async () => {
    const { key } = await world.createKey(tenant, ['peer'])
    const { status } = await world.call('POST', '/api/v1/tenant-tokens', {
      token: key,
      body: { audience: 'audit' },
    })
    expect(status).toBe(200)
  })

  test('with a scope that does not exist are not made', async () => {
    const { status, json } = await world.call('POST', '/api/v1/api-keys', {
      token: tenant.admin.token,
      body: { name: 'x', scopes: ['root'] },
    })
    expect(status).toBe(400)
    expect(json.errors[0]?.pointer).toBe('/scopes/0')
  })
})

describe('two organisations', () => {
  test('get the same answer for a foreign id as for an unknown one', async () => {
    const other = await world.createTenant()
    const foreign = (await world.upload('/api/v1/documents', { token: other.admin.token })).json.id
    const { id: keyId } = await world.createKey(other)
    const entry = world.neighbours.records.find((r) => r.tenant.organizationId === other.id)?.id
    const pairs: [string, string, string][] = [
      ['GET', `/api/v1/documents/${foreign}`, `/api/v1/documents/${UNKNOWN_ID}`],
      ['GET', `/api/v1/documents/${foreign}/events`, `/api/v1/documents/${UNKNOWN_ID}/events`],
      ['DELETE', `/api/v1/documents/${foreign}`, `/api/v1/documents/${UNKNOWN_ID}`],
      ['DELETE', `/api/v1/api-keys/${keyId}`, `/api/v1/api-keys/${UNKNOWN_ID}`],
      ['GET', `/api/v1/audit/entries/${entry}`, `/api/v1/audit/entries/${UNKNOWN_ID}`],
      ['GET', `/api/v1/audit/entries/${entry}/content`, `/api/v1/audit/entries/nothing/content`],
    ]
    for (const [method, known, unknown] of pairs) {
      const answers = [known, unknown].map(async (path) => {
        const { status, json } = await world.call(method, path, { token: tenant.admin.token })
        const { request_id: _, ...rest } = json
        return { status, rest }
      })
      const [one, two] = await Promise.all(answers)
      expect(one?.status, known).toBe(404)
      expect(one).toEqual(two)
    }
    expect(world.neighbours.documents.some(({ document }) => document.id === foreign)).toBe(true)
  })

  test('see their own users, keys, documents and records only', async () => {
    const other = await world.createTenant()
    await world.createKey(other)
    await world.upload('/api/v1/documents', { token: other.admin.token, name: 'secret.md' })
    for (const path of ['users', 'api-keys', 'documents', 'audit/entries']) {
      const mine = await world.call('GET', `/api/v1/${path}`, { token: tenant.admin.token })
      const theirs = await world.call('GET', `/api/v1/${path}`, { token: other.admin.token })
      const ids = ({ items }: Pick<Body, 'items'>) => items.map(({ id }) => id)
      expect(ids(theirs.json).length).toBeGreaterThan(0)
      expect(ids(mine.json).filter((id) => ids(theirs.json).includes(id))).toEqual([])
    }
  })

  test('cannot be named by the client: unknown in a body, ignored in headers and query', async () => {
    const other = await world.createTenant()
    const inBody = await world.call('POST', '/api/v1/users', {
      token: tenant.admin.token,
      body: {
        email: 'x@y.test',
        password: 'long enough',
        role: 'member',
        organization_id: other.id,
      },
    })
    expect(inBody.status).toBe(400)
    expect(inBody.json.errors).toEqual([{ pointer: '/organization_id', detail: 'unknown field' }])

    const ignored = await world.call('GET', `/api/v1/me?organization_id=${other.id}`, {
      token: tenant.admin.token,
      headers: { 'x-organization-id': other.id, 'lexcustis-tenant-token': 'x' },
    })
    expect(ignored.json.organization?.id).toBe(tenant.id)
  })

  test('cannot share an e-mail address or a slug, whatever the case', async () => {
    const email = await world.call('POST', '/api/v1/users', {
      token: tenant.admin.token,
      body: { email: tenant.admin.email.toUpperCase(), password: 'long enough', role: 'member' },
    })
    expect(email).toMatchObject({ status: 409, json: { errors: [{ pointer: '/email' }] } })
    const slug = await world.call('POST', '/api/v1/organizations', {
      token: tokens['operator'],
      body: {
        name: 'x',
        slug: tenant.slug,
        admin: { email: 'fresh@y.test', password: 'long enough' },
      },
    })
    expect(slug).toMatchObject({ status: 409, json: { errors: [{ pointer: '/slug' }] } })
    expect((await world.login('fresh@y.test', 'long enough')).status).toBe(401)
  })
})
