import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { startScriptedProvider } from '@lexcustis/testing'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { OutboundHttp } from './outbound-http.js'

const REQUEST = { method: 'GET', headers: {}, body: undefined, signal: undefined }

/** Takes connections and says nothing. */
let silent: Server
let sockets: Socket[]

beforeEach(async () => {
  sockets = []
  silent = createServer((socket) => {
    sockets.push(socket.resume())
    socket.on('error', () => undefined)
  })
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
})
afterEach(() => {
  vi.unstubAllEnvs()
  for (const socket of sockets) socket.destroy()
  silent.close()
})
const portOf = () => (silent.address() as AddressInfo).port

describe('connecting', () => {
  test('that stops in the middle of TLS is given up, says so, and leaves nothing open', async () => {
    using http = new OutboundHttp({ connectTimeoutMs: 100 })
    const sent = http.send(new URL(`https://127.0.0.1:${portOf()}/v1/models`), REQUEST)
    await expect(sent).rejects.toMatchObject({
      reason: 'UPSTREAM_ERROR',
      isTransient: true,
      message: expect.stringContaining('could not be connected to within 100 ms') as string,
    })
    const [socket] = sockets
    if (socket && !socket.closed) await once(socket, 'close')
    expect(sockets).toHaveLength(1)
  })

  test('has no limit once it is done: what is slow then is the answer', async () => {
    using http = new OutboundHttp({ connectTimeoutMs: 50 })
    const sent = http.send(new URL(`http://127.0.0.1:${portOf()}/`), REQUEST)
    await new Promise((resolve) => setTimeout(resolve, 150))
    sockets[0]?.end('HTTP/1.1 204 No Content\r\n\r\n')
    expect((await sent).statusCode).toBe(204)
  })
})

test('a proxy that the environment names is not gone through', async () => {
  const proxy = `http://127.0.0.1:${portOf()}`
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy', 'ALL_PROXY']) {
    vi.stubEnv(name, proxy)
  }
  vi.stubEnv('NODE_USE_ENV_PROXY', '1')
  vi.stubEnv('NO_PROXY', '')
  await using provider = await startScriptedProvider()
  using http = new OutboundHttp({ connectTimeoutMs: 2_000 })
  const response = await http.send(new URL(`${provider.url}/models`), REQUEST)
  response.resume()
  expect(response.statusCode).toBe(200)
  // Nobody listens there: through a proxy it would be tried there.
  await expect(http.send(new URL('https://127.0.0.1:9/'), REQUEST)).rejects.toMatchObject({
    code: 'ECONNREFUSED',
  })
  expect(sockets).toEqual([])
})
