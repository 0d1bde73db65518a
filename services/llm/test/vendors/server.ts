import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import type { Received, Script, VendorWire } from './wire.js'

export interface VendorServer extends AsyncDisposable {
  readonly url: string
  readonly received: readonly Received[]
  /** Chats whose client went away before the answer was over. */
  readonly aborted: number
  readonly connections: number
  /** For requests from now on. */
  play(script: Script): void
}

/** A vendor on 127.0.0.1 that speaks its own wire format and refuses what the real one refuses. */
export async function startVendor(wire: VendorWire): Promise<VendorServer> {
  const received: Received[] = []
  let script: Script = {}
  let aborted = 0
  let connections = 0
  const server = createServer((request, response) => {
    void (async () => {
      const asked = await read(request)
      received.push(asked)
      if (!wire.isChat(asked)) {
        if (!wire.isKnown(asked)) {
          send(response, 401, wire.error(401, 'no such key'))
          return
        }
        const found = wire.look(asked)
        send(response, found ? 200 : 404, found ?? wire.error(404, 'not found'))
        return
      }
      response.once('close', () => {
        if (!response.writableFinished) aborted += 1
      })
      await answer(wire, script, asked, response)
    })().catch(() => response.destroy())
  })
  server.on('connection', () => (connections += 1))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}${wire.basePath}`,
    received,
    get aborted() {
      return aborted
    },
    get connections() {
      return connections
    },
    play: (next) => {
      script = next
    },
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function read(request: IncomingMessage): Promise<Received> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  const text = Buffer.concat(parts).toString()
  return {
    method: request.method ?? '',
    path: request.url ?? '',
    headers: request.headers,
    body: (text ? JSON.parse(text) : {}) as Record<string, unknown>,
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

async function answer(
  wire: VendorWire,
  script: Script,
  asked: Received,
  response: ServerResponse,
): Promise<void> {
  if (script.isSilent) return
  for (const [name, value] of Object.entries(script.headers ?? {})) response.setHeader(name, value)
  const isKnown = wire.isKnown(asked)
  const refusal = isKnown ? wire.refusalOf(asked) : { status: 401, words: 'no such key' }
  const { status, words } = refusal ?? { status: script.status ?? 200, words: script.words ?? '' }
  if (status !== 200) {
    send(response, status, wire.error(status, words))
    return
  }
  const type = script.contentType ?? 'text/event-stream; charset=utf-8'
  response.writeHead(200, { 'content-type': type })
  const bytes = Buffer.from(wire.events(script).join(''))
  const at = Math.min(script.splitAt ?? bytes.length, bytes.length)
  response.write(bytes.subarray(0, at))
  if (at < bytes.length) {
    // Each part becomes a packet of its own.
    await setImmediate()
    response.write(bytes.subarray(at))
  }
  if (script.fails === 'stall') return
  if (script.fails === 'cut') await cut(response)
  else response.end()
}

/** What was written has to leave before the connection is destroyed. */
async function cut(response: ServerResponse): Promise<void> {
  await new Promise((resolve) => response.write('', resolve))
  await setImmediate()
  response.socket?.destroy()
}
