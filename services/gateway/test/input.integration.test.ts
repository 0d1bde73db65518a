import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, type Tenant, World, aString } from './world.js'

let world: World
let tenant: Tenant

beforeAll(async () => {
  world = await World.start()
  tenant = await world.createTenant()
})
afterAll(async () => world[Symbol.asyncDispose]())

const user = { email: 'new@y.test', password: 'long enough', role: 'member' }

async function post(
  raw: string | Uint8Array<ArrayBuffer>,
  type = 'application/json',
): Promise<Answer> {
  return world.call('POST', '/api/v1/users', {
    token: tenant.admin.token,
    raw,
    headers: { 'content-type': type },
  })
}

/** Everything a problem document must have, whatever went wrong. */
function expectProblem(answer: Answer, status: number, reason: string): void {
  expect(answer.text).not.toBe('')
  expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
  expect(answer.json).toMatchObject({
    type: `/problems/${reason.toLowerCase().replaceAll('_', '-')}`,
    title: aString,
    status,
    detail: aString,
    reason,
  })
  expect(answer.status).toBe(status)
  expect(answer.json.request_id).toBe(answer.headers.get('x-request-id'))
  expect(answer.json.request_id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/)
}

const bytes = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(text, 'latin1'))

const BAD: readonly (readonly [string, string | Uint8Array<ArrayBuffer>, string])[] = [
  ['no bytes', '', ''],
  ['text that is no JSON', 'hello', ''],
  ['half a document', '{"email":"a@b.test"', ''],
  ['a comment', '{"email":"a@b.test" /* x */}', ''],
  ['a trailing comma', '{"email":"a@b.test",}', ''],
  ['two documents', '{} {}', ''],
  ['an array', '[]', ''],
  ['null', 'null', ''],
  ['a megabyte of digits', '1'.repeat(1_000_000), ''],
  ['a number beyond all numbers', '{"email":1e999}', '/email'],
  ['invalid UTF-8', bytes('{"email":"\xc3\x28"}'), ''],
  ['an encoded surrogate', bytes('{"email":"\xed\xa0\x80"}'), ''],
  ['UTF-16', new Uint8Array(Buffer.from('{}', 'utf16le')), ''],
  ['an escaped lone surrogate', String.raw`{"email":"\ud800"}`, '/email'],
  ['an escaped NUL', String.raw`{"email":"a\u0000b"}`, '/email'],
  ['a NUL in a key', String.raw`{"a\u0000b":1}`, '/a\uFFFDb'],
  ['a raw NUL', '{"email":"a\u0000b"}', ''],
  ['a lone surrogate deep inside', String.raw`{"x":[{"y":"\udfff"}]}`, '/x/0/y'],
  ['the same key twice', '{"email":"a@b.test","email":"c@d.test"}', '/email'],
  ['the same key twice, once escaped', String.raw`{"a":{"k":1,"\u006b":2}}`, '/a/k'],
  ['__proto__', '{"__proto__":{"role":"admin"}}', '/__proto__'],
  ['an escaped __proto__', String.raw`{"a":[{"__pr\u006fto__":1}]}`, '/a/0/__proto__'],
  ['33 levels', '['.repeat(33) + ']'.repeat(33), '/0/0/0'],
  ['100 000 levels', '['.repeat(100_000), '/0/0/0'],
  ['a wrong type', JSON.stringify({ ...user, email: 5 }), '/email'],
  ['a missing field', '{"email":"a@b.test","password":"long enough"}', '/role'],
  ['an unknown field', JSON.stringify({ ...user, 'a/b~c': 1 }), '/a~1b~0c'],
  ['a role that nobody can give', JSON.stringify({ ...user, role: 'operator' }), '/role'],
  ['a short password', JSON.stringify({ ...user, password: 'short' }), '/password'],
]

describe('a body with', () => {
  test.each(BAD)('%s is refused with the place of the error', async (_what, raw, pointer) => {
    const answer = await post(raw)
    expectProblem(answer, 400, 'INVALID_INPUT')
    expect(answer.json.errors[0]).toEqual({ pointer, detail: aString })
  })

  test('what is wrong never quotes what was sent', async () => {
    for (const raw of ['{"password":"hunter2 ', '{"password":hunter2}']) {
      expect((await post(raw)).text).not.toContain('hunter2')
    }
  })

  test('32 levels is only judged by its schema', async () => {
    const deep = `${'{"a":'.repeat(31)}{}${'}'.repeat(31)}`
    const { json } = await post(deep)
    expect(json.errors.map(({ detail }) => detail)).toContain('unknown field')
  })

  test('every wrong field names them all', async () => {
    const { json } = await post('{"email":1,"password":2,"role":3,"x":4}')
    const pointers = json.errors.map(({ pointer }) => pointer)
    expect(pointers.sort()).toEqual(['/email', '/password', '/role', '/x'])
  })

  test('more than 1 MiB is too large', async () => {
    expectProblem(await post(`"${'a'.repeat(1_048_577)}"`), 413, 'PAYLOAD_TOO_LARGE')
  })

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/xml', 'nonsense'])(
    'the content type %s is not taken',
    async (type) => expectProblem(await post('{}', type), 415, 'UNSUPPORTED_MEDIA_TYPE'),
  )

  test('a multipart form is not taken where JSON is', async () => {
    const form = new FormData()
    form.append('email', 'a@b.test')
    const answer = await world.call('POST', '/api/v1/users', {
      token: tenant.admin.token,
      raw: form,
    })
    expectProblem(answer, 415, 'UNSUPPORTED_MEDIA_TYPE')
  })

  test('a charset parameter is fine', async () => {
    const answer = await post(
      JSON.stringify({ ...user, email: 'charset@y.test' }),
      'application/json; charset=utf-8',
    )
    expect(answer.status).toBe(201)
  })
})

describe('a request for', () => {
  test('an unknown path answers 404', async () => {
    expectProblem(await world.call('GET', '/api/v1/nothing'), 404, 'NOT_FOUND')
    expectProblem(await world.call('POST', '/', { body: {} }), 404, 'NOT_FOUND')
  })

  test('a known path with another method answers 405 and names the methods', async () => {
    const answer = await world.call('DELETE', '/api/v1/users')
    expectProblem(answer, 405, 'METHOD_NOT_ALLOWED')
    expect(answer.headers.get('allow')).toBe('GET, HEAD, POST')
    const one = await world.call('PUT', '/api/v1/documents/abc')
    expect(one.headers.get('allow')).toBe('DELETE, GET, HEAD')
  })

  test('a malformed URL answers a problem', async () => {
    expectProblem(await world.call('GET', '/api/v1/documents/%zz'), 400, 'INVALID_INPUT')
  })

  test('pages outside 1 to 200 or with a made-up cursor is refused', async () => {
    for (const query of ['limit=0', 'limit=201', 'limit=x', 'limit=-1', 'cursor=nonsense']) {
      const answer = await world.call('GET', `/api/v1/users?${query}`, {
        token: tenant.admin.token,
      })
      expectProblem(answer, 400, 'INVALID_INPUT')
    }
  })

  test('anything under /v1 fails in the words of OpenAI', async () => {
    const strange = await world.call('GET', '/v1/models')
    expect(strange.status).toBe(401)
    expect(strange.json).toEqual({
      error: {
        message: aString,
        type: 'authentication_error',
        param: null,
        code: 'invalid_api_key',
      },
    })
    const unknown = await world.call('GET', '/v1/nothing')
    expect(unknown).toMatchObject({ status: 404, json: { error: { code: 'not_found' } } })
    const invalid = await world.call('POST', '/v1/chat/completions', {
      token: tenant.admin.token,
      body: { model: 'quotes', messages: [{ role: 'user', content: 5 }] },
    })
    expect(invalid.status).toBe(400)
    expect(invalid.json.error).toMatchObject({
      type: 'invalid_request_error',
      param: 'messages[0].content',
    })
  })
})

describe('an HTTP request', () => {
  const raw = async (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect(world.gateway.port, '127.0.0.1', () => socket.write(text))
      let answer = ''
      socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk))
      socket.on('end', () => resolve(answer)).on('error', reject)
    })

  test('with more than 16 KiB of headers gets a problem document', async () => {
    const answer = await raw(`GET / HTTP/1.1\r\nhost: x\r\nx-long: ${'a'.repeat(17_000)}\r\n\r\n`)
    expect(answer).toMatch(/^HTTP\/1\.1 431 /)
    expect(answer).toContain('application/problem+json')
    expect(answer).toMatch(/x-request-id: [0-9a-f-]{36}/)
  })

  test('that is none gets a problem document', async () => {
    const answer = await raw('NONSENSE\r\n\r\n')
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(answer).toContain('"reason":"INVALID_INPUT"')
  })

  test('keeps our request id whatever the client sends', async () => {
    const id = '01900000-0000-7000-8000-000000000000'
    const { headers } = await world.call('GET', '/livez', { headers: { 'x-request-id': id } })
    expect(headers.get('x-request-id')).not.toBe(id)
  })

  test('is answered with headers that keep browsers out of trouble', async () => {
    const { headers } = await world.call('GET', '/api/v1/me', { token: tenant.admin.token })
    expect(Object.fromEntries(headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
    })
  })

  test('believes x-forwarded-for only from trusted proxies', async () => {
    // Nobody is trusted here: a thousand made-up addresses are one address.
    await using strict = await World.start({
      ipLimit: { name: 'ip', limit: 3, windowSeconds: 60 },
    })
    const statuses = []
    for (let n = 0; n < 5; n += 1) {
      const { status } = await strict.call('GET', '/.well-known/jwks.json', {
        headers: { 'x-forwarded-for': `10.0.0.${n}` },
      })
      statuses.push(status)
    }
    expect(statuses).toEqual([200, 200, 200, 429, 429])
  })
})

describe('a form with a file', () => {
  const send = async (form: FormData): Promise<Answer> =>
    world.call('POST', '/api/v1/documents', { token: tenant.admin.token, raw: form })
  const file = (
    name: string,
    content: string | Uint8Array<ArrayBuffer> = 'text',
    field = 'file',
  ): FormData => {
    const form = new FormData()
    form.append(field, new Blob([content], { type: 'text/plain' }), name)
    return form
  }

  test.each([
    ['without parts', () => new FormData(), '/file'],
    ['under another name', () => file('a.txt', 'text', 'document'), '/document'],
    ['that is empty', () => file('a.txt', ''), '/file'],
    ['with a name of 256 characters', () => file('a'.repeat(256)), '/file'],
  ])('%s is refused', async (_what, form, pointer) => {
    const before = world.neighbours.documents.length
    const answer = await send(form())
    expectProblem(answer, 400, 'INVALID_INPUT')
    expect(answer.json.errors[0]?.pointer).toBe(pointer)
    expect(world.neighbours.documents.length).toBe(before)
  })

  test.each(['before', 'after'])('and another field %s it is refused', async (place) => {
    const form = new FormData()
    if (place === 'before') form.append('organization_id', tenant.id)
    form.append('file', new Blob(['text']), 'a.txt')
    if (place === 'after') form.append('organization_id', tenant.id)
    const answer = await send(form)
    expectProblem(answer, 400, 'INVALID_INPUT')
    expect(answer.json.errors[0]?.pointer).toBe('/organization_id')
  })

  test('of more than 50 MiB is too large and leaves nothing behind', async () => {
    const before = world.neighbours.records.length
    const answer = await send(file('big.txt', new Uint8Array(50 * 1024 * 1024 + 1)))
    expectProblem(answer, 413, 'PAYLOAD_TOO_LARGE')
    expect(world.neighbours.documents.some(({ document }) => document.name === 'big.txt')).toBe(
      false,
    )
    expect(world.neighbours.records.length).toBe(before)
  })

  test('that is JSON instead is not taken', async () => {
    const answer = await world.call('POST', '/api/v1/documents', {
      token: tenant.admin.token,
      body: {},
    })
    expectProblem(answer, 415, 'UNSUPPORTED_MEDIA_TYPE')
  })

  test('without its end is refused', async () => {
    const answer = await world.call('POST', '/api/v1/documents', {
      token: tenant.admin.token,
      raw: '--b\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\n\r\ntext',
      headers: { 'content-type': 'multipart/form-data; boundary=b' },
    })
    expectProblem(answer, 400, 'INVALID_INPUT')
  })

  test('whose sender goes away leaves nothing behind', async () => {
    const before = world.neighbours.records.length
    await new Promise<void>((resolve) => {
      const request = httpRequest(`${world.url}/api/v1/documents`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${tenant.admin.token}`,
          'content-type': 'multipart/form-data; boundary=b',
          'content-length': 1_000_000,
        },
      })
      request.on('error', () => resolve()).on('close', () => resolve())
      request.write(
        '--b\r\ncontent-disposition: form-data; name="file"; filename="cut.txt"\r\n\r\ntext',
      )
      setTimeout(() => request.destroy(), 100)
    })
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(world.neighbours.records.length).toBe(before)
    expect(world.neighbours.documents.some(({ document }) => document.name === 'cut.txt')).toBe(
      false,
    )
  })
})
