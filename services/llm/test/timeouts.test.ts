import { once } from 'node:events'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { createTestCertificates } from '@lexcustis/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { AddressGuard } from '../src/adapters/address-guard.js'
import { OutboundHttp } from '../src/adapters/outbound-http.js'
import { PATIENCE, Patience } from '../src/adapters/patient-completer.js'
import { Vendors } from '../src/adapters/providers/vendors.js'
import type { Completer } from '../src/domain/completion.js'
import type { Provider } from '../src/domain/provider.js'
import { ask } from './ask-provider.js'
import { until } from './scenarios-service.js'
import { type OwnTimers, watchTimersOf } from './scenarios-timers.js'

const CONNECT_MS = 400
/** Longer than any test: what ends here was not ended by these. */
const LIMITS = { firstTokenMs: 90_000, idleMs: 90_000, totalMs: 90_000, maxChars: 1_000_000 }
const ATTEMPTS = 1 + PATIENCE.retries

let timers: OwnTimers
let open: OutboundHttp
let server: Server
let sockets: Set<Socket>
/** All that were ever accepted. */
let accepted: number

beforeAll(() => {
  timers = watchTimersOf('/services/llm/src/')
})
afterAll(() => {
  timers[Symbol.dispose]()
})
beforeEach(() => {
  open = new OutboundHttp({ connectTimeoutMs: CONNECT_MS })
  sockets = new Set()
  accepted = 0
})
afterEach(() => {
  open[Symbol.dispose]()
  for (const socket of sockets) socket.destroy()
  server.close()
  vi.unstubAllEnvs()
})

async function listen(started: Server): Promise<number> {
  server = started
  server.on('connection', (socket: Socket) => {
    accepted += 1
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Takes connections, and reads without ever saying a word. */
function silent(): Server {
  return createTcpServer((socket) => void socket.resume())
}

function completerAt(baseUrl: string, guarded = open): Completer {
  const provider: Provider = {
    kind: 'openai-compatible',
    model: 'scripted',
    models: ['scripted'],
    region: 'test',
    endpoint: { baseUrl, apiKey: undefined, isGuarded: guarded !== open },
  }
  const patience = new Patience({ ...PATIENCE, pauseMs: 5, onBreak: () => undefined })
  return patience.wrap(
    'org',
    provider,
    new Vendors({ guarded, open }).completerOf(provider, LIMITS),
  )
}

const NOT_CONNECTED = {
  reason: 'UPSTREAM_ERROR',
  message: `the provider could not be connected to within ${CONNECT_MS} ms: check its base URL`,
}

async function expectNothingRuns(): Promise<void> {
  await until(() => timers.running === 0)
  expect(timers.running).toBe(0)
}

async function expectNothingLeft(): Promise<void> {
  await until(() => sockets.size === 0)
  expect(sockets.size).toBe(0)
  await expectNothingRuns()
}

describe('a connection that does not come about', () => {
  test('because TLS is never finished is tried again, then named; nothing is left', async () => {
    const port = await listen(silent())
    const { error, kinds } = await ask(completerAt(`https://127.0.0.1:${port}/v1`))
    expect(error).toMatchObject(NOT_CONNECTED)
    expect(kinds).toEqual([])
    expect(accepted).toBe(ATTEMPTS)
    await expectNothingLeft()
  })

  test('because TLS comes to a halt in its middle is given up as well', async () => {
    // The beginning of a TLS record that says it is 16 KiB long.
    const halting = silent().on('connection', (socket: Socket) => {
      socket.write(Buffer.from([22, 3, 3, 0x40, 0]))
    })
    const port = await listen(halting)
    const { error } = await ask(completerAt(`https://127.0.0.1:${port}/v1`))
    expect(error).toMatchObject(NOT_CONNECTED)
    await expectNothingLeft()
  })

  test('because its name is never resolved is given up as well', async () => {
    await listen(silent())
    const resolve = vi.fn()
    const guard = new AddressGuard({ allowedHosts: [], isLoopbackAllowed: false, resolve })
    using guarded = new OutboundHttp({ guard, connectTimeoutMs: CONNECT_MS })
    const { error } = await ask(completerAt('https://provider.example/v1', guarded))
    expect(error).toMatchObject(NOT_CONNECTED)
    expect(resolve).toHaveBeenCalledTimes(ATTEMPTS)
    expect(accepted).toBe(0)
    await expectNothingLeft()
  })

  test('is succeeded by one that does: the answer comes as if nothing had been', async () => {
    const { cert, key } = (await createTestCertificates(['llm'])).identity('llm')
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    const https = createHttpsServer({ cert, key }, answer)
    const port = await listen(createTcpServer())
    server.on('connection', (socket: Socket) => {
      if (accepted > 1) https.emit('connection', socket)
      else socket.resume()
    })
    const { text, error } = await ask(completerAt(`https://127.0.0.1:${port}/v1`))
    expect([text, error]).toEqual(['Hello', undefined])
    expect(accepted).toBe(2)
  })

  test('is left when its caller leaves', async () => {
    const port = await listen(silent())
    const abort = new AbortController()
    const asked = ask(completerAt(`https://127.0.0.1:${port}/v1`), undefined, {
      signal: abort.signal,
    })
    await until(() => accepted === 1)
    abort.abort()
    expect((await asked).error).toMatchObject({ reason: 'CANCELLED' })
    expect(accepted).toBe(1)
    await expectNothingLeft()
  })
})

describe('a connection that came about', () => {
  const slowly: RequestListener = (request, response) => {
    void setTimeout(2 * CONNECT_MS).then(() => answer(request, response))
  }

  test('has no limit of this kind, with TLS', async () => {
    const { cert, key } = (await createTestCertificates(['llm'])).identity('llm')
    // Which authority is trusted is not what this is about.
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    const port = await listen(createHttpsServer({ cert, key }, slowly))
    const { text, error } = await ask(completerAt(`https://127.0.0.1:${port}/v1`))
    expect([text, error]).toEqual(['Hello', undefined])
    expect(accepted).toBe(1)
    await expectNothingRuns()
  })

  test('has none when it is used again', async () => {
    const port = await listen(createHttpServer(slowly))
    const completer = completerAt(`http://127.0.0.1:${port}/v1`)
    for (const _ of [1, 2, 3]) {
      const { text, error } = await ask(completer)
      expect([text, error]).toEqual(['Hello', undefined])
    }
    expect(accepted).toBe(1)
    await expectNothingRuns()
  })
})

const CHUNKS = [
  { choices: [{ index: 0, delta: { role: 'assistant', content: 'Hello' } }] },
  { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
].map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`)

const answer: RequestListener = (request, response) => {
  request.resume()
  response.setHeader('content-type', 'text/event-stream')
  response.end(`${CHUNKS.join('')}data: [DONE]\n\n`)
}
