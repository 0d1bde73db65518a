import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { openApiCheck } from './openapi.js'
import { QdrantRefusal } from './refusal.js'
import { route } from './routes.js'
import type { Collection } from './store.js'

export interface RecordedRequest {
  readonly method: string
  /** As in Qdrant's documentation, with names in braces. */
  readonly template: string
  readonly collection: string
  readonly query: URLSearchParams
  readonly body: unknown
  readonly bytes: number
}

/** What happens to a request instead: an answer, or a broken connection before or after its effect. */
export type Fault =
  | { readonly status: number; readonly headers?: Record<string, string> }
  | 'break before'
  | 'break after'
  | 'never answer'

export type FaultFor = (request: RecordedRequest) => Fault | undefined

/**
 * The part of Qdrant's REST API that is used here, over real HTTP and with real scores, in memory. It
 * records every request and checks each exchange against Qdrant's OpenAPI document where that is there.
 */
export class QdrantDouble implements AsyncDisposable {
  readonly collections = new Map<string, Collection>()
  readonly requests: RecordedRequest[] = []
  /** What contradicts the OpenAPI document. */
  readonly violations: string[] = []
  /** Exchanges that were compared with it. */
  checkedCount = 0
  fault: FaultFor = () => undefined
  readonly #apiKey: string | undefined
  readonly #check = openApiCheck()
  readonly #server = createServer((request, response) => void this.#answer(request, response))

  private constructor(apiKey: string | undefined) {
    this.#apiKey = apiKey
  }

  static async start(apiKey?: string): Promise<QdrantDouble> {
    const double = new QdrantDouble(apiKey)
    double.#server.listen(0, '127.0.0.1')
    await once(double.#server, 'listening')
    return double
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  of(template: string): RecordedRequest[] {
    return this.requests.filter((request) => request.template.endsWith(template))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  async #answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(message.url ?? '/', this.url)
    const method = message.method ?? ''
    const body = method === 'GET' ? undefined : await json(message).catch(() => undefined)
    const found = route(method, pathname)
    if (!found) {
      response.writeHead(404).end()
      return
    }
    const { template, collection, run } = found
    const bytes = Number(message.headers['content-length'] ?? 0)
    const request = { method, template, collection, query: searchParams, body, bytes }
    this.requests.push(request)
    const fault = this.fault(request)
    if (fault === 'never answer') return
    if (fault === 'break before') {
      message.socket.destroy()
      return
    }
    const isAllowed = this.#apiKey === undefined || message.headers['api-key'] === this.#apiKey
    const answer = isAllowed
      ? outcome(fault, () => run(this.collections, body))
      : { status: 401, body: error('Must provide an API key') }
    if (fault === 'break after') {
      message.socket.destroy()
      return
    }
    if (this.#check) {
      const problem = this.#check(template, method, body, answer.status, answer.body)
      this.checkedCount++
      if (problem !== undefined) this.violations.push(problem)
    }
    const headers = typeof fault === 'object' ? fault.headers : undefined
    response.writeHead(answer.status, { 'content-type': 'application/json', ...headers })
    response.end(JSON.stringify(answer.body))
  }
}

function outcome(fault: Fault | undefined, run: () => unknown) {
  if (typeof fault === 'object') return { status: fault.status, body: error('as the test wishes') }
  try {
    return { status: 200, body: { result: run(), status: 'ok', time: 0.001 } }
  } catch (cause) {
    if (!(cause instanceof QdrantRefusal)) throw cause
    return { status: cause.status, body: error(cause.message) }
  }
}

function error(message: string) {
  return { status: { error: message }, time: 0.001 }
}
