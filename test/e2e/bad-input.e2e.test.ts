import { request as httpRequest } from 'node:http'
import { startStack, type TestStack } from '@lexcustis/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Client } from './client.js'

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: Record<string, unknown> & { errors?: { pointer: string; detail: string }[] }
}

let stack: TestStack
let client: Client

beforeAll(async () => {
  stack = await startStack({
    env: { GATEWAY_USER_REQUESTS_PER_MINUTE: '10000', GATEWAY_IP_REQUESTS_PER_MINUTE: '10000' },
  })
  const { email, password } = stack.ready.login
  client = await Client.login(stack.ready.url, email, password)
}, 240_000)
afterAll(async () => stack[Symbol.asyncDispose](), 60_000)

/** Sends bytes as they are; fetch would repair some of them. */
async function send(
  body: string | Buffer,
  path = '/api/v1/chat',
  type = 'application/json',
): Promise<Answer> {
  const { hostname, port } = new URL(client.url)
  const bytes = Buffer.from(body as string)
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${client.token}`,
      'content-type': type,
      'content-length': bytes.length,
    }
    const outgoing = httpRequest({ hostname, port, path, method: 'POST', headers }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          type: response.headers['content-type'] ?? '',
          body: parse(text),
        }),
      )
    })
    outgoing.on('error', reject)
    outgoing.end(bytes)
  })
}

function parse(text: string): Answer['body'] {
  try {
    return JSON.parse(text) as Answer['body']
  } catch {
    return { text }
  }
}

const chat = (content: string) => `{"messages":[{"role":"user","content":${content}}]}`
const many = JSON.stringify({
  messages: Array.from({ length: 10_000 }, () => ({ role: 'user', content: 'x' })),
})

describe('bad input gets a problem document that says what to change', () => {
  test.each<[string, string | Buffer, number, string]>([
    ['an empty body', '', 400, ''],
    ['not JSON', '{"messages":', 400, ''],
    ['an empty object', '{}', 400, '/messages'],
    ['no messages', '{"messages":[]}', 400, '/messages'],
    ['a wrong type', '{"messages":"hi"}', 400, '/messages'],
    ['a wrong role', '{"messages":[{"role":"root","content":"x"}]}', 400, '/messages/0/role'],
    ['content of a wrong type', chat('17'), 400, '/messages/0/content'],
    [
      'an unknown field',
      '{"messages":[{"role":"user","content":"x"}],"collection":"x"}',
      400,
      '/collection',
    ],
    [
      'an unknown field deep inside',
      '{"messages":[{"role":"user","content":"x","x":1}]}',
      400,
      '/messages/0/x',
    ],
    [
      'a duplicate key',
      '{"messages":[],"messages":[{"role":"user","content":"x"}]}',
      400,
      '/messages',
    ],
    ['__proto__', '{"__proto__":{},"messages":[{"role":"user","content":"x"}]}', 400, '/__proto__'],
    [
      'invalid UTF-8',
      Buffer.concat([
        Buffer.from('{"messages":[{"role":"user","content":"'),
        Buffer.from([0xff, 0xfe]),
        Buffer.from('"}]}'),
      ]),
      400,
      '',
    ],
    ['a lone surrogate', chat('"a\\ud800b"'), 400, '/messages/0/content'],
    ['NUL', chat('"a\\u0000b"'), 400, '/messages/0/content'],
    ['1 MB of digits as a number', chat('7'.repeat(1_000_000)), 400, ''],
    ['1 MB of digits as text', chat(`"${'7'.repeat(1_000_000)}"`), 400, '/messages/0/content'],
    ['deeply nested JSON', chat(`${'['.repeat(100_000)}${']'.repeat(100_000)}`), 400, ''],
    ['more than a megabyte', chat(`"${'a'.repeat(1_100_000)}"`), 413, ''],
    ['10 000 messages', many, 400, '/messages'],
  ])('%s', async (_, body, status, pointer) => {
    const answer = await send(body)
    expect(answer.status).toBe(status)
    expect(answer.type).toContain('application/problem+json')
    expect(answer.body).toMatchObject({
      status,
      reason: status === 413 ? 'PAYLOAD_TOO_LARGE' : 'INVALID_INPUT',
    })
    expect(answer.body['request_id']).toMatch(/^[0-9a-f-]{36}$/)
    expect(String(answer.body['detail']).length).toBeGreaterThan(5)
    if (pointer) expect(answer.body.errors?.map((error) => error.pointer)).toContain(pointer)
    // Says what is wrong without quoting a megabyte back.
    expect(JSON.stringify(answer.body).length).toBeLessThan(4_000)
  })

  test('a wrong media type is 415, an unknown path 404, a wrong method 405', async () => {
    expect((await send('hello', '/api/v1/chat', 'text/plain')).status).toBe(415)
    expect((await client.request('GET', '/api/v1/nothing')).status).toBe(404)
    const wrong = await client.request('DELETE', '/api/v1/chat')
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST'])
  })

  test('/v1 answers in the form that an OpenAI SDK reads', async () => {
    const answer = await send('{"model":"extractive"}', '/v1/chat/completions')
    expect(answer.status).toBe(400)
    expect(answer.body).toMatchObject({
      error: { type: 'invalid_request_error', param: 'messages' },
    })
    const unknown = await send(
      '{"model":"gpt-9","messages":[{"role":"user","content":"x"}]}',
      '/v1/chat/completions',
    )
    expect(unknown).toMatchObject({
      status: 404,
      body: { error: { code: 'model_not_found', param: 'model' } },
    })
  })

  test('headers beyond 16 KiB are refused', async () => {
    const response = await client
      .request('GET', '/api/v1/me', undefined, { headers: { 'x-long': 'a'.repeat(20_000) } })
      .catch(() => undefined)
    expect([431, undefined]).toContain(response?.status)
  })

  test.each([
    ['nothing in it', 'empty.md', '', 'text/markdown', 400],
    ['invalid UTF-8', 'bad.txt', new Uint8Array([0x61, 0xff, 0xfe]), 'text/plain', 400],
    [
      'a type that is not read yet',
      'picture.png',
      new Uint8Array([0x89, 0x50, 0x4e, 0x47]),
      'image/png',
      415,
    ],
    ['a long name', `${'n'.repeat(300)}.md`, '# hi', 'text/markdown', 400],
  ])(
    'a document with %s is refused or fails with a reason',
    async (_, name, content, type, status) => {
      const form = new FormData()
      form.append('file', new Blob([content], { type }), name)
      const response = await client.request('POST', '/api/v1/documents', undefined, { body: form })
      const body = (await response.json()) as { id?: string; reason?: string }
      if (response.status === 202) {
        await expect(client.waitReady(body.id ?? '')).rejects.toThrow(/failed/)
      } else {
        expect([response.status, body.reason]).toEqual([
          status,
          expect.stringMatching(/INVALID_INPUT|UNSUPPORTED_MEDIA_TYPE/),
        ])
      }
    },
  )

  test('none of it reached a log in full', async () => {
    for (const name of ['gateway', 'compliance', 'rag', 'llm', 'audit']) {
      expect(await stack.logs(name)).not.toMatch(/7{100}|a{100}/)
    }
  })
})
