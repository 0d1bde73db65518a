import { decodeJwt } from 'jose'
import { openDatabase } from '@lexcustis/postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPasswords } from '../src/adapters/argon2-passwords.js'
import { createPgAccounts } from '../src/adapters/pg-accounts.js'
import { bootstrapOperator } from '../src/domain/identity/bootstrap.js'
import { OPERATOR, PASSWORD, type Tenant, World, aString, aNumber } from './world.js'

let world: World
let tenant: Tenant

beforeAll(async () => {
  world = await World.start()
  tenant = await world.createTenant()
})
afterAll(async () => world[Symbol.asyncDispose]())

describe('signing in', () => {
  test('answers with tokens, the user and the organisation', async () => {
    const { status, json } = await world.login(tenant.admin.email)
    expect(status).toBe(200)
    expect(json).toEqual({
      access_token: aString,
      token_type: 'Bearer',
      expires_in: 900,
      refresh_token: aString,
      user: { id: tenant.admin.id, email: tenant.admin.email, role: 'admin' },
      organization: { id: tenant.id, slug: tenant.slug, name: tenant.slug },
    })
    const { iat = 0, exp = 0 } = decodeJwt(json.access_token)
    expect(exp - iat).toBe(900)
  })

  test('does not mind the case of an e-mail address', async () => {
    expect((await world.login(tenant.admin.email.toUpperCase())).status).toBe(200)
  })

  test('answers the same to a wrong address and to a wrong password', async () => {
    const answers = [
      await world.login('nobody@tenant.test'),
      await world.login(tenant.admin.email, 'wrong password'),
    ]
    const [unknown, wrong] = answers.map(({ status, json }) => {
      const { request_id: _, ...rest } = json
      return { status, rest }
    })
    expect(unknown).toEqual(wrong)
    expect(unknown?.status).toBe(401)
  })

  test('gives an operator a token without an organisation', async () => {
    const { json } = await world.login(OPERATOR.email, OPERATOR.password)
    expect(json.organization).toBeNull()
    expect(decodeJwt(json.access_token)).not.toHaveProperty('org')
    const me = await world.call('GET', '/api/v1/me', { token: json.access_token })
    expect(me.json).toMatchObject({ user: { role: 'operator' }, organization: null })
  })

  test('publishes the keys that verify access tokens, without the private part', async () => {
    const { json } = await world.call('GET', '/.well-known/jwks.json')
    expect(json.keys).toHaveLength(1)
    expect(json.keys[0]).toMatchObject({ kty: 'OKP', crv: 'Ed25519' })
    expect(json.keys[0]).not.toHaveProperty('d')
  })
})

describe('refresh tokens', () => {
  const refresh = async (refresh_token: string) =>
    world.call('POST', '/api/v1/auth/refresh', { body: { refresh_token } })

  test('are replaced by each use', async () => {
    const first = (await world.login(tenant.admin.email)).json
    const second = await refresh(first.refresh_token)
    expect(second.status).toBe(200)
    expect(second.json.refresh_token).not.toBe(first.refresh_token)
    expect(second.json.user).toEqual(first.user)
    expect((await refresh(second.json.refresh_token)).status).toBe(200)
  })

  test('used twice end the whole sign-in, for the thief and for the owner', async () => {
    const first = (await world.login(tenant.admin.email)).json
    const second = (await refresh(first.refresh_token)).json
    expect((await refresh(first.refresh_token)).status).toBe(401)
    expect((await refresh(second.refresh_token)).status).toBe(401)
  })

  test('used by two at the same moment succeed at most once', async () => {
    const { refresh_token } = (await world.login(tenant.admin.email)).json
    const answers = await Promise.all(Array.from({ length: 8 }, async () => refresh(refresh_token)))
    expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1)
  })

  test('end with the sign-out and leave other sign-ins alone', async () => {
    const one = (await world.login(tenant.admin.email)).json
    const other = (await world.login(tenant.admin.email)).json
    const { status } = await world.call('POST', '/api/v1/auth/logout', {
      body: { refresh_token: one.refresh_token },
    })
    expect(status).toBe(204)
    expect((await refresh(one.refresh_token)).status).toBe(401)
    expect((await refresh(other.refresh_token)).status).toBe(200)
  })

  test('that nobody issued answer 401', async () => {
    expect((await refresh('lcr_made-up')).status).toBe(401)
  })
})

describe('access tokens', () => {
  test('with another signature, without one or of another service are refused', async () => {
    const genuine = tenant.admin.token
    const [head, claims] = genuine.split('.')
    const none = Buffer.from('{"alg":"none"}').toString('base64url')
    const forged = [
      `${head}.${claims}.${'A'.repeat(86)}`,
      `${none}.${claims}.`,
      'not-a-token',
      `lc_${'a'.repeat(12)}_${'A'.repeat(43)}`,
    ]
    for (const token of forged) {
      const { status, headers, json } = await world.call('GET', '/api/v1/me', { token })
      expect(status).toBe(401)
      expect(headers.get('www-authenticate')).toBe('Bearer')
      expect(json.reason).toBe('UNAUTHENTICATED')
    }
  })

  test('are not tenant tokens, and tenant tokens are not access tokens', async () => {
    const { key } = await world.createKey(tenant, ['peer'])
    const issued = await world.call('POST', '/api/v1/tenant-tokens', {
      token: key,
      body: { audience: 'rag' },
    })
    expect(issued.json).toEqual({ token: aString, expires_in: 60 })
    expect(decodeJwt(issued.json.token)).toMatchObject({
      org: tenant.id,
      aud: 'rag',
      role: 'admin',
    })
    expect((await world.call('GET', '/api/v1/me', { token: issued.json.token })).status).toBe(401)
  })
})

describe('failed sign-ins', () => {
  const failuresOf = (id: string) =>
    world.neighbours.records.filter(
      ({ type, tenant: { organizationId } }) => type === 'auth.failed' && organizationId === id,
    )

  test('of an existing account are in its log, at most once a minute', async () => {
    const own = await world.createTenant()
    for (let attempt = 0; attempt < 5; attempt += 1) await world.login(own.admin.email, 'wrong one')
    await expect.poll(() => failuresOf(own.id)).toHaveLength(1)
    expect(failuresOf(own.id)[0]).toMatchObject({
      attrs: { count: aNumber },
      tenant: { kind: 'service', userId: own.admin.id },
    })
  })

  test('of unknown addresses and of operators are nobody’s record', async () => {
    const before = world.neighbours.records.length
    await world.login('nobody@tenant.test')
    await world.login(OPERATOR.email, 'wrong one')
    await world.login(tenant.admin.email)
    expect(world.neighbours.records.length).toBe(before)
  })

  test('never bring an address or a password into the log lines', () => {
    const lines = world.lines.join('\n')
    expect(lines).not.toContain('wrong one')
    expect(lines).not.toContain(PASSWORD)
    expect(lines).not.toContain('@')
  })
})

describe('the operator of a deployment', () => {
  test('is created once: later settings change nothing', async () => {
    const database = openDatabase({ url: world.postgres.url('gateway'), name: 'test' })
    const accounts = createPgAccounts(database)
    const second = { email: 'second@lexcustis.test', password: 'another-password' }
    expect(await bootstrapOperator(accounts, await createPasswords(), second)).toBe(false)
    expect((await world.login(second.email, second.password)).status).toBe(401)
    await database[Symbol.asyncDispose]()
  })
})

describe('passwords', () => {
  test('are stored as Argon2id with the OWASP parameters', async () => {
    const passwords = await createPasswords()
    const hash = await passwords.hash(PASSWORD)
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect(await passwords.verify(hash, PASSWORD)).toBe(true)
    expect(await passwords.verify(hash, `${PASSWORD} `)).toBe(false)
    expect(await passwords.verify(undefined, PASSWORD)).toBe(false)
  })
})
