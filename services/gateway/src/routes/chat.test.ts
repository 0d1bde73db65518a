import { once } from 'node:events'
import { connect } from 'node:net'
import { AppError } from '@lexcustis/core'
import { describe, expect, test, vi } from 'vitest'
import {
  ALLOWED,
  BLOCKED_ANSWER,
  BLOCKED_INPUT,
  delta,
  FINISHED,
  GOOD_ANSWER,
  PASSAGE,
  PRINCIPAL,
} from '../../test/chat/fakes.js'
import { type HttpWorld, KEY, listen, parseEvents, post } from '../../test/chat/http.js'

const PATH = '/api/v1/chat'
const QUESTION = { messages: [{ role: 'user', content: 'Which events?' }] }

const down = async (): Promise<never> => {
  throw new AppError('UNAVAILABLE', 'did not answer')
}

interface Json {
  readonly [name: string]: never
}

async function stream(world: HttpWorld, body: object = QUESTION) {
  const response = await post(world, PATH, body)
  const events = parseEvents(await response.text())
  const names = events.map(({ event, data }) => event || data)
  const dataOf = (name: string): unknown => {
    const found = events.find(({ event }) => event === name)
    return found && JSON.parse(found.data)
  }
  return { response, names, dataOf }
}

describe('POST /api/v1/chat as a stream', () => {
  test('sends meta, sources, deltas, receipt and [DONE], in this order', async () => {
    await using world = await listen()
    const { response, names, dataOf } = await stream(world)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/)
    expect(response.headers.get('cache-control')).toBe('no-cache, no-transform')
    expect(response.headers.get('x-accel-buffering')).toBe('no')
    expect(response.headers.get('content-encoding')).toBeNull()
    expect(names).toEqual(['meta', 'sources', 'delta', 'delta', 'receipt', '[DONE]'])

    const requestId = response.headers.get('x-request-id')
    expect(dataOf('meta')).toEqual({
      request_id: requestId,
      ai_generated: true,
      provider: 'mistral',
      model: 'small',
      region: 'eu',
    })
    expect(dataOf('sources')).toEqual({
      items: [
        {
          n: 1,
          document_id: PASSAGE.documentId,
          chunk_id: 'c-1',
          title: 'AI Act',
          heading_path: ['Article 73'],
          score: 10_000,
        },
      ],
      degraded: false,
    })
    const [start, end] = world.evidence.records
    expect(start?.id).toBe(requestId)
    expect(dataOf('receipt')).toEqual({
      request_id: requestId,
      organization_id: PRINCIPAL.organizationId,
      started_sequence: '0',
      sequence: '1',
      entry_id: end?.id,
      entry_hash: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
      checkpoint_size: '0',
      outcome: 'completed',
      provider: 'mistral',
      model: 'small',
    })
  })

  test('signals a weak answer just before the receipt', async () => {
    const weak = { ...GOOD_ANSWER, confidenceE4: 4_200, signalReasons: ['no_sources'] }
    await using world = await listen({ output: async () => weak })
    const { names, dataOf } = await stream(world)
    expect(names.slice(-3)).toEqual(['signal', 'receipt', '[DONE]'])
    expect(dataOf('signal')).toEqual({ confidence: 4_200, reasons: ['no_sources'] })
  })

  test('a blocked input ends with blocked, receipt and [DONE]', async () => {
    await using world = await listen({ input: async () => BLOCKED_INPUT })
    const { response, names, dataOf } = await stream(world)
    expect(response.status).toBe(200)
    expect(names).toEqual(['meta', 'sources', 'blocked', 'receipt', '[DONE]'])
    expect(dataOf('blocked')).toEqual({ stage: 'input', reasons: ['pii:iban'] })
    expect(dataOf('receipt')).toMatchObject({ started_sequence: null, outcome: 'blocked' })
  })

  test('a blocked answer is not in the stream', async () => {
    await using world = await listen({
      input: async () => ({ ...ALLOWED, mustHoldOutput: true }),
      output: async () => BLOCKED_ANSWER,
    })
    const { names, dataOf } = await stream(world)
    expect(names).toEqual(['meta', 'sources', 'blocked', 'receipt', '[DONE]'])
    expect(dataOf('blocked')).toEqual({ stage: 'output', reasons: ['bias:slur'] })
  })

  test('a failure in the middle ends with a problem and the receipt, without [DONE]', async () => {
    const error = new AppError('UPSTREAM_ERROR', 'the provider closed the connection')
    await using world = await listen({ script: [delta('Within'), { kind: 'throw', error }] })
    const { response, names, dataOf } = await stream(world)
    expect(names).toEqual(['meta', 'sources', 'delta', 'error'])
    expect(dataOf('error')).toEqual({
      type: '/problems/upstream-error',
      title: expect.any(String) as unknown,
      status: 502,
      detail: 'the provider closed the connection',
      reason: 'UPSTREAM_ERROR',
      request_id: response.headers.get('x-request-id'),
      receipt: expect.objectContaining({ outcome: 'upstream_error', sequence: '1' }) as unknown,
    })
  })

  test('says with a null receipt that the end could not be recorded yet', async () => {
    await using world = await listen({ settings: { receiptWaitMs: 5, firstRetryMs: 50 } })
    world.evidence.fates.end.push('unreachable')
    const { names, dataOf } = await stream(world)
    expect(names.at(-1)).toBe('error')
    expect(dataOf('error')).toMatchObject({ reason: 'UNAVAILABLE', receipt: null })
  })

  test.each([
    ['the start cannot be recorded', {}, ['unreachable' as const]],
    ['the checks are away', { input: down }, []],
  ])('is a plain 503 when %s', async (_what, given, fates) => {
    await using world = await listen(given)
    world.evidence.fates.start.push(...fates)
    const response = await post(world, PATH, QUESTION)
    expect(response.status).toBe(503)
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/)
    expect(await response.json()).toMatchObject({ reason: 'UNAVAILABLE' })
    expect(world.model.asked).toEqual([])
  })

  test('sends a comment while nothing happens, also before the first token', async () => {
    await using world = await listen({ script: [{ kind: 'hang' }], keepaliveMs: 10 })
    const abort = new AbortController()
    const response = await post(world, PATH, QUESTION, { signal: abort.signal })
    let text = ''
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString()
      if (text.includes(': keepalive\n\n')) break
    }
    expect(text).not.toContain('event: delta')
  })

  test('keeps the request id of the client as an attribute only, and continues its trace', async () => {
    await using world = await listen()
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
    const response = await post(world, PATH, QUESTION, {
      headers: { 'x-request-id': 'mine-42', traceparent: `00-${trace}-00f067aa0ba902b7-01` },
    })
    await response.text()
    expect(response.headers.get('x-request-id')).not.toBe('mine-42')
    const [start, end] = world.evidence.records
    expect(start?.attrs['client_request_id']).toBe('mine-42')
    expect([start?.trace, end?.trace]).toEqual([trace, trace])
  })

  test('text with line breaks and any Unicode arrives as it was', async () => {
    const text = 'a\r\nb\n\ndata: x\u2028é🦉"\\'
    await using world = await listen({ script: [delta(text), FINISHED] })
    const { dataOf } = await stream(world)
    expect(dataOf('delta')).toEqual({ text })
  })
})

describe('a client that leaves', () => {
  async function leave(world: HttpWorld): Promise<void> {
    const socket = connect(Number(new URL(world.url).port), '127.0.0.1')
    const body = JSON.stringify(QUESTION)
    socket.write(
      `POST ${PATH} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${KEY}\r\n` +
        `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    )
    await once(socket, 'data')
    socket.destroy()
  }

  test('before the first token: the model is cancelled at once and one end says so', async () => {
    await using world = await listen({ script: [{ kind: 'hang' }] })
    await leave(world)
    await vi.waitFor(() => expect(world.model.cancelled).toBe(1), 1_000)
    await vi.waitFor(() => expect(world.evidence.records).toHaveLength(2))
    expect(world.evidence.records[1]?.attrs).toMatchObject({ outcome: 'client_cancelled' })
    expect(world.running.count).toBe(0)
  })

  test('while a whole answer is being made: the same', async () => {
    await using world = await listen({ script: [delta('a'), { kind: 'hang' }] })
    const abort = new AbortController()
    world.model.onStep = (index) => index === 1 && abort.abort()
    const body = { ...QUESTION, stream: false }
    await expect(post(world, PATH, body, { signal: abort.signal })).rejects.toThrow()
    await vi.waitFor(() => expect(world.evidence.records).toHaveLength(2))
    expect(world.evidence.records[1]?.attrs).toMatchObject({ outcome: 'client_cancelled' })
  })
})

describe('POST /api/v1/chat as a whole', () => {
  const WHOLE = { ...QUESTION, stream: false }

  test('answers with the payloads of the events', async () => {
    await using world = await listen()
    const response = await post(world, PATH, { ...WHOLE, conversation_id: PASSAGE.documentId })
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({
      meta: {
        request_id: response.headers.get('x-request-id'),
        ai_generated: true,
        provider: 'mistral',
        model: 'small',
        region: 'eu',
        conversation_id: PASSAGE.documentId,
      },
      sources: { items: [expect.objectContaining({ n: 1 }) as unknown], degraded: false },
      answer: 'Within two days [1].',
      signal: null,
      receipt: expect.objectContaining({ started_sequence: '0', sequence: '1' }) as unknown,
    })
  })

  test('a block is an answer without text', async () => {
    await using world = await listen({ output: async () => BLOCKED_ANSWER })
    const response = await post(world, PATH, WHOLE)
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({
      answer: null,
      blocked: { stage: 'output', reasons: ['bias:slur'] },
      receipt: { outcome: 'blocked' },
    })
  })

  test('a failure has its status and still shows the receipt', async () => {
    await using world = await listen({ script: [delta('a')] })
    const response = await post(world, PATH, WHOLE)
    expect(response.status).toBe(502)
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/)
    expect(await response.json()).toMatchObject({
      reason: 'UPSTREAM_ERROR',
      receipt: { outcome: 'upstream_error' },
    })
  })

  test('no receipt, no answer', async () => {
    await using world = await listen({ settings: { receiptWaitMs: 5, firstRetryMs: 50 } })
    world.evidence.fates.end.push('unreachable')
    const response = await post(world, PATH, WHOLE)
    expect(response.status).toBe(503)
    const body = (await response.json()) as Json
    expect(body).toMatchObject({ receipt: null })
    expect(body).not.toHaveProperty('answer')
  })
})

describe('bad input names the field', () => {
  const user = (content: unknown) => ({ role: 'user', content })
  test.each<[string, object, string]>([
    ['no messages', {}, '/messages'],
    ['an empty list', { messages: [] }, '/messages'],
    [
      'too many messages',
      { messages: Array.from({ length: 1_001 }, () => user('a')) },
      '/messages',
    ],
    ['an unknown role', { messages: [{ role: 'tool', content: 'a' }] }, '/messages/0/role'],
    ['empty content', { messages: [user('')] }, '/messages/0/content'],
    ['a blank question', { messages: [user(' \n')] }, '/messages/0/content'],
    ['content that is no text', { messages: [user(5)] }, '/messages/0/content'],
    ['content that is too long', { messages: [user('a'.repeat(200_001))] }, '/messages/0/content'],
    [
      'no question at the end',
      { messages: [user('a'), { role: 'assistant', content: 'b' }] },
      '/messages/1/role',
    ],
    ['an unknown field', { ...QUESTION, organization_id: 'x' }, '/organization_id'],
    [
      'an unknown field of a message',
      { messages: [{ ...user('a'), name: 'x' }] },
      '/messages/0/name',
    ],
    ['a document id that is none', { ...QUESTION, document_ids: ['x'] }, '/document_ids/0'],
    ['a conversation id that is none', { ...QUESTION, conversation_id: 'x' }, '/conversation_id'],
    ['an unknown model', { ...QUESTION, model: 'gpt-9' }, '/model'],
  ])('%s', async (_what, body, pointer) => {
    await using world = await listen()
    const response = await post(world, PATH, body)
    expect(response.status).toBe(400)
    const { errors } = (await response.json()) as { errors: { pointer: string }[] }
    expect(errors.map((error) => error.pointer)).toContain(pointer)
    expect(world.evidence.records).toEqual([])
  })

  test('200 000 characters outside the BMP are within the limit', async () => {
    await using world = await listen()
    const response = await post(world, PATH, {
      messages: [user('🦉'.repeat(200_000))],
      stream: false,
    })
    expect(response.status).toBe(200)
  })
})

test('the API description shows both bodies', async () => {
  await using world = await listen()
  const response = await fetch(`${world.url}/openapi.json`)
  const { paths } = (await response.json()) as {
    paths: Record<
      string,
      { post: { requestBody: { content: Record<string, { schema: unknown }> } } }
    >
  }
  for (const [path, field] of [
    [PATH, 'document_ids'],
    ['/v1/chat/completions', 'max_completion_tokens'],
  ] as const) {
    const { schema } = paths[path]?.post.requestBody.content['application/json'] ?? {}
    expect(JSON.stringify(schema)).toContain(field)
  }
})
