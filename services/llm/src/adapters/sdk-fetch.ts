import type { IncomingMessage } from 'node:http'
import type { Endpoint } from '../domain/provider.js'
import type { OutboundHttp, OutboundRequest } from './outbound-http.js'
import { failure } from './provider-failure.js'
import { EndMark, isEventStream, type StreamEnding, toResponse } from './watched-response.js'

export interface Outbound {
  /** To endpoints of organisations. */
  readonly guarded: OutboundHttp
  /** To endpoints of the operator. */
  readonly open: OutboundHttp
}

export type Fetch = (url: string | URL | Request, init?: RequestInit) => Promise<Response>

/** A fetch for the SDKs of vendors that keeps to our connections, checks and secrets. */
export class SdkFetch {
  private readonly marks = new WeakMap<Response, EndMark>()

  constructor(
    private readonly outbound: Outbound,
    private readonly ending: StreamEnding,
  ) {}

  of({ isGuarded }: Endpoint): Fetch {
    const http = isGuarded ? this.outbound.guarded : this.outbound.open
    return async (url, init) => this.send(http, url, init)
  }

  /** Whether the stream of this response has said that it is complete. */
  isDone(response: Response): boolean {
    return this.marks.get(response)?.isSeen ?? false
  }

  private async send(
    http: OutboundHttp,
    url: string | URL | Request,
    init: RequestInit = {},
  ): Promise<Response> {
    const address = new URL(url instanceof Request ? url.url : url)
    const message = await http.send(address, toOutbound(init))
    // Only questions are POSTed, and all of them as streams.
    if (init.method?.toUpperCase() === 'POST') assertEventStream(message)
    const mark = new EndMark(this.ending)
    const response = toResponse(message, mark)
    this.marks.set(response, mark)
    return response
  }
}

/**
 * The SDKs also tell what runs here, and send whatever headers the environment asks them to send to
 * the vendor: nobody's business, least of all that of an endpoint which a stranger chose.
 */
const SENT: ReadonlySet<string> = new Set([
  'accept',
  'anthropic-version',
  'api-key',
  'authorization',
  'content-type',
  'user-agent',
])

function toOutbound({ method = 'GET', headers, body, signal }: RequestInit): OutboundRequest {
  const sent = [...new Headers(headers)].filter(([name]) => SENT.has(name))
  return {
    method,
    headers: Object.fromEntries(sent),
    body: typeof body === 'string' ? body : undefined,
    signal: signal ?? undefined,
  }
}

/** An error status may come in any form; it is named by its number. */
function assertEventStream(message: IncomingMessage): void {
  const { statusCode = 0 } = message
  if (statusCode >= 300 || isEventStream(message)) return
  message.destroy()
  throw failure(`answered ${statusCode} without an event stream`, 'check its base URL')
}
