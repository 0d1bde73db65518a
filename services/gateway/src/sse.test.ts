import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { fastify, type FastifyReply } from 'fastify'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { dataFrame, eventFrame, EventStream, type EventStreamOptions, watchClient } from './sse.js'

/** A stream over a real connection whose client reads nothing until told to. */
async function open(options: EventStreamOptions = {}) {
  const app = fastify({ forceCloseConnections: true })
  const arrived = new Promise<{ reply: FastifyReply }>((resolve) => {
    app.get('/', async (_request, reply) => {
      void reply.header('x-request-id', 'r-1')
      reply.hijack()
      // In an object, because a reply is a thenable.
      resolve({ reply })
      return reply
    })
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  onTestFinished(async () => app.close())
  const client = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
  client.pause()
  client.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
  const { reply } = await arrived
  return { client, reply, stream: new EventStream(reply, options) }
}

async function readAll(client: Socket): Promise<string> {
  let text = ''
  client.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  client.resume()
  await once(client, 'end')
  return text
}

/** The chunks of a chunked HTTP body: one per write. */
function writesOf(response: string): string[] {
  const [, body = ''] = response.split('\r\n\r\n', 2)
  const start = response.indexOf(body)
  const parts = response.slice(start).split('\r\n')
  return parts.filter((_part, index) => index % 2 === 1).filter((part) => part !== '')
}

const PAGE = 'x'.repeat(256 * 1024)

/** Writes until kernel and client together take no more; `wait` is what the writer has to wait for. */
async function fill(stream: EventStream): Promise<{ wait: Promise<void> }> {
  for (let count = 0; count < 400; count += 1) {
    const wait = stream.send(dataFrame(PAGE))
    const pause = new Promise((resolve) => setTimeout(resolve, 50, 'stuck'))
    if (wait && (await Promise.race([wait, pause])) === 'stuck') return { wait }
  }
  throw new Error('100 MiB were taken without a word')
}

describe('an event stream', () => {
  test('keeps the headers of the reply and says that nothing may hold it back', async () => {
    const { client, stream } = await open()
    stream.open(eventFrame('meta', { a: 1 }))
    stream.end()
    const text = await readAll(client)
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(text).toContain('x-request-id: r-1\r\n')
    expect(text).toContain('content-type: text/event-stream; charset=utf-8\r\n')
    expect(text).toContain('cache-control: no-cache, no-transform\r\n')
    expect(text).toContain('x-accel-buffering: no\r\n')
    expect(text).toContain('event: meta\ndata: {"a":1}\n\n')
  })

  test('sends the first text at once and what follows in the same turn together', async () => {
    const { client, stream } = await open({ encodeText: (text) => `<${text}>` })
    stream.open('[open]')
    void stream.text('a')
    void stream.text('b')
    void stream.text('c')
    await new Promise(setImmediate)
    void stream.text('d')
    stream.end('[end]')
    expect(writesOf(await readAll(client))).toEqual(['[open]', '<a>', '<bc>', '<d>', '[end]'])
  })

  test('never lets a frame overtake text', async () => {
    const { client, stream } = await open({ encodeText: (text) => `<${text}>` })
    stream.open()
    void stream.text('a')
    void stream.text('b')
    void stream.send('[frame]')
    stream.end()
    expect(writesOf(await readAll(client)).join('')).toBe('<a><b>[frame]')
  })

  test('makes the writer wait for a client that does not read', async () => {
    const { client, stream } = await open()
    stream.open()
    const { wait } = await fill(stream)
    client.resume()
    await wait
  })

  test('lets the writer go when such a client leaves, and swallows what comes after', async () => {
    const { client, reply, stream } = await open()
    stream.open()
    const { wait } = await fill(stream)
    client.destroy()
    await wait
    await vi.waitFor(() => expect(reply.raw.closed).toBe(true))
    expect(stream.text('more')).toBeUndefined()
    expect(stream.send('more')).toBeUndefined()
    stream.end('more')
  })

  test('keeps the connection alive with comments, but not for a client that does not read', async () => {
    const { client, reply, stream } = await open({ keepaliveMs: 5 })
    stream.open()
    const { wait } = await fill(stream)
    const before = reply.raw.writableLength
    await new Promise((resolve) => setTimeout(resolve, 40))
    expect(reply.raw.writableLength).toBeLessThanOrEqual(before)
    const reading = readAll(client)
    await wait
    await new Promise((resolve) => setTimeout(resolve, 40))
    stream.end()
    expect(await reading).toContain(': keepalive\n\n')
  })
})

describe('watching a client', () => {
  test('notices one that leaves before the end', async () => {
    const { client, reply } = await open()
    const gone = vi.fn()
    watchClient(reply.raw, gone)
    client.destroy()
    await vi.waitFor(() => expect(gone).toHaveBeenCalledTimes(1))
  })

  test('notices one that had left before anybody looked', async () => {
    const { client, reply } = await open()
    client.destroy()
    await once(reply.raw, 'close')
    const gone = vi.fn()
    watchClient(reply.raw, gone)
    expect(gone).toHaveBeenCalledTimes(1)
  })

  test('does not take a finished answer for a departure', async () => {
    const { client, reply, stream } = await open()
    const gone = vi.fn()
    watchClient(reply.raw, gone)
    stream.open()
    stream.end()
    await readAll(client)
    if (!reply.raw.closed) await once(reply.raw, 'close')
    expect(gone).not.toHaveBeenCalled()
  })
})
