import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
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
