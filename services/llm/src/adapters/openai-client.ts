import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import OpenAI from 'openai'
import type { Endpoint } from '../domain/provider.js'
import type { OutboundHttp, OutboundRequest } from './outbound-http.js'
import { failure } from './provider-failure.js'
import { DoneMark, toResponse } from './watched-response.js'

const MAX_CLIENTS = 256
/** Our own limits are shorter; this only switches off the SDK's. */
const NO_TIMEOUT_MS = 2_147_483_647

export interface Outbound {
  /** To endpoints of organisations. */
  readonly guarded: OutboundHttp
  /** To endpoints of the operator. */
  readonly open: OutboundHttp
}

/** One SDK client per endpoint; connections are shared below them. */
export class OpenAiClients {
  private readonly clients = new Map<string, OpenAI>()
  private readonly marks = new WeakMap<Response, DoneMark>()

  constructor(private readonly outbound: Outbound) {}

  of(endpoint: Endpoint): OpenAI {
    const key = createHash('sha256').update(JSON.stringify(endpoint)).digest('base64')
    const known = this.clients.get(key)
    if (known) return known
    if (this.clients.size >= MAX_CLIENTS) this.clients.clear()
    const client = this.create(endpoint)
    this.clients.set(key, client)
    return client
  }

  /** Whether the stream of this response has said [DONE]. */
  isDone(response: Response): boolean {
    return this.marks.get(response)?.isSeen ?? false
  }

  private create({ baseUrl, apiKey, isGuarded }: Endpoint): OpenAI {
    const http = isGuarded ? this.outbound.guarded : this.outbound.open
    return new OpenAI({
      baseURL: baseUrl,
      // The SDK wants some key; without one of ours the header is left out.
      apiKey: apiKey ?? 'none',
      ...(apiKey === undefined ? { defaultHeaders: { authorization: null } } : {}),
      organization: null,
      project: null,
      adminAPIKey: null,
      webhookSecret: null,
      maxRetries: 0,
      timeout: NO_TIMEOUT_MS,
      // It would log what a provider sends.
      logLevel: 'off',
      fetch: async (url, init) => this.fetch(http, url, init),
    })
  }

  private async fetch(
    http: OutboundHttp,
    url: string | URL | Request,
    init: RequestInit = {},
  ): Promise<Response> {
    const message = await http.send(
      new URL(url instanceof Request ? url.url : url),
      toOutbound(init),
    )
    // Only chats are POSTed, and all of them as streams.
    if (init.method?.toUpperCase() === 'POST') assertEventStream(message)
    const mark = new DoneMark()
    const response = toResponse(message, mark)
    this.marks.set(response, mark)
    return response
  }
}

/** The SDK also tells what runs here; that is nobody's business, least of all a stranger's. */
const TELLING = /^x-stainless-/

function toOutbound({ method = 'GET', headers, body, signal }: RequestInit): OutboundRequest {
  const told = [...new Headers(headers)].filter(([name]) => !TELLING.test(name))
  return {
    method,
    headers: Object.fromEntries(told),
    body: typeof body === 'string' ? body : undefined,
    signal: signal ?? undefined,
  }
}

/** An error status may come in any form; it is named by its number. */
function assertEventStream(message: IncomingMessage): void {
  const { statusCode = 0, headers } = message
  if (statusCode >= 300 || /^text\/event-stream\b/i.test(headers['content-type'] ?? '')) return
  message.destroy()
  throw failure(`answered ${statusCode} without an event stream`, 'check its base URL')
}
