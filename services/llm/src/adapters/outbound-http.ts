import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import type { Socket } from 'node:net'
import { UpstreamError } from '../domain/upstream-error.js'
import type { AddressGuard } from './address-guard.js'

export interface OutboundRequest {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  readonly signal: AbortSignal | undefined
}

export interface OutboundOptions {
  /** Absent: every address may be connected to. */
  readonly guard?: AddressGuard
  /** For the name, the connection and its TLS together. */
  readonly connectTimeoutMs?: number
}

const MAX_IDLE_SOCKETS = 128
const CONNECT_TIMEOUT_MS = 5_000

/**
 * HTTP to providers over connections that are kept. Not the built-in fetch: that one offers no way to
 * check the address it connects to, and follows redirects into places nobody checked.
 */
export class OutboundHttp implements Disposable {
  private readonly agents = {
    http: new HttpAgent({ keepAlive: true, maxFreeSockets: MAX_IDLE_SOCKETS }),
    https: new HttpsAgent({ keepAlive: true, maxFreeSockets: MAX_IDLE_SOCKETS }),
  }

  private readonly guard: AddressGuard | undefined
  private readonly connectTimeoutMs: number

  constructor({ guard, connectTimeoutMs = CONNECT_TIMEOUT_MS }: OutboundOptions = {}) {
    this.guard = guard
    this.connectTimeoutMs = connectTimeoutMs
  }

  /** Resolves with the response head. Aborting destroys the connection, whatever it is doing. */
  async send(url: URL, request: OutboundRequest): Promise<IncomingMessage> {
    this.guard?.assertLiteral(url)
    try {
      return await this.attempt(url, request)
    } catch (error) {
      // The server closed an idle connection just when it was taken again: nothing was received.
      if (!(error instanceof StaleConnection) || request.signal?.aborted) throw error
      return await this.attempt(url, request)
    }
  }

  private async attempt(url: URL, { method, headers, body, signal }: OutboundRequest) {
    const isHttps = url.protocol === 'https:'
    const options = {
      method,
      headers: body === undefined ? headers : { ...headers, 'content-length': byteLength(body) },
      agent: isHttps ? this.agents.https : this.agents.http,
      ...(signal ? { signal } : {}),
      ...(this.guard ? { lookup: this.guard.lookup } : {}),
    }
    return new Promise<IncomingMessage>((resolve, reject) => {
      const outgoing = (isHttps ? requestHttps : requestHttp)(url, options)
      outgoing.once('response', resolve)
      outgoing.once('socket', (socket) => {
        if (!outgoing.reusedSocket) this.limitConnecting(socket, isHttps)
      })
      outgoing.on('error', (error: NodeJS.ErrnoException) => {
        const isStale = outgoing.reusedSocket && ['ECONNRESET', 'EPIPE'].includes(error.code ?? '')
        reject(isStale ? new StaleConnection(error.message, { cause: error }) : error)
      })
      outgoing.end(body)
    })
  }

  /** Ends a connection that does not come about; one that did has no limit of this kind. */
  private limitConnecting(socket: Socket, isHttps: boolean): void {
    const timer = setTimeout(() => {
      const message = `the provider could not be connected to within ${this.connectTimeoutMs} ms: check its base URL`
      socket.destroy(new UpstreamError(message, { isTransient: true }))
    }, this.connectTimeoutMs)
    const stop = () => clearTimeout(timer)
    socket.once(isHttps ? 'secureConnect' : 'connect', stop)
    socket.once('close', stop)
  }

  [Symbol.dispose](): void {
    this.agents.http.destroy()
    this.agents.https.destroy()
  }
}

class StaleConnection extends Error {}

function byteLength(body: string): string {
  return String(Buffer.byteLength(body))
}
