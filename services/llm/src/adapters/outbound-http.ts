import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import type { AddressGuard } from './address-guard.js'

export interface OutboundRequest {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  readonly signal: AbortSignal | undefined
}

const MAX_IDLE_SOCKETS = 128

/**
 * HTTP to providers over connections that are kept. Not the built-in fetch: that one offers no way to
 * check the address it connects to, and follows redirects into places nobody checked.
 */
export class OutboundHttp implements Disposable {
  private readonly agents = {
    http: new HttpAgent({ keepAlive: true, maxFreeSockets: MAX_IDLE_SOCKETS }),
    https: new HttpsAgent({ keepAlive: true, maxFreeSockets: MAX_IDLE_SOCKETS }),
  }

  constructor(private readonly guard?: AddressGuard) {}

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
      outgoing.on('error', (error: NodeJS.ErrnoException) => {
        const isStale = outgoing.reusedSocket && ['ECONNRESET', 'EPIPE'].includes(error.code ?? '')
        reject(isStale ? new StaleConnection(error.message, { cause: error }) : error)
      })
      outgoing.end(body)
    })
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
