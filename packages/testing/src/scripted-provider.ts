import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate, setTimeout } from 'node:timers/promises'

/** What the provider does with a request; everything left out is a provider that behaves. */
export interface Scenario {
  readonly tokens?: readonly string[]
  /** Before anything at all is sent, response headers included. */
  readonly headerDelayMs?: number
  /** Between the response headers and the first token. */
  readonly firstTokenDelayMs?: number
  readonly tokenDelayMs?: number
  /** Anything but 200 answers an error object instead of a stream. */
  readonly status?: number
  /** Value of the `retry-after` header, in seconds; sent with an error status. */
  readonly retryAfter?: number
  /** Of the stream; by default `text/event-stream`. */
  readonly contentType?: string
  /** After so many tokens nothing more comes, and the connection stays open. */
  readonly stallAfter?: number
  /** After so many tokens the connection is reset (RST). */
  readonly resetAfter?: number
  /** After so many tokens an event comes that is not JSON. */
  readonly malformedAfter?: number
  /** After so many tokens an error object comes, and the stream ends. */
  readonly errorObjectAfter?: number
  readonly omitDone?: boolean
  readonly omitFinishReason?: boolean
  /** By default `stop`. */
  readonly finishReason?: string
  /** Null: the provider does not count. Left out: it counts one token per delta. */
  readonly usage?: { readonly prompt_tokens: number; readonly completion_tokens: number } | null
  /** Model as named in the answer; by default the one asked for. */
  readonly modelSnapshot?: string
  /** Splits the bytes of the stream into writes of this size, in the middle of a character too. */
  readonly chunkBytes?: number
  /** Starts again with the first token, until the client goes away. */
  readonly endless?: boolean
}

/** One chat request as it was received, and how it ended. */
export interface ScriptedRequest {
  readonly body: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Milliseconds, `performance.now()` of this process; so are the others. */
  readonly startedAt: number
  /** The client left before the answer was over. */
  readonly aborted: boolean
  readonly abortedAt?: number
  /** The scenario was played to its end. */
  readonly finished: boolean
}

export interface ScriptedProviderOptions {
  readonly scenario?: Scenario
  /** By model name; such a request does not follow `scenario`. */
  readonly scenarios?: Readonly<Record<string, Scenario>>
}

export interface ScriptedProvider extends AsyncDisposable {
  /** Base URL for clients of the OpenAI API; ends in `/v1`. */
  readonly url: string
  readonly requests: readonly ScriptedRequest[]
  /** TCP connections accepted so far. */
  readonly connections: number
  /** For requests from now on. */
  setScenario(scenario: Scenario): void
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

const MODELS = { object: 'list', data: [{ id: 'scripted', object: 'model', owned_by: 'tests' }] }
const DEFAULT_TOKENS = ['This ', 'answer ', 'is ', 'scripted.']

/** A model provider on 127.0.0.1 that speaks OpenAI's wire format and does what a test tells it. */
export async function startScriptedProvider(
  options: ScriptedProviderOptions = {},
): Promise<ScriptedProvider> {
  const requests: ScriptedRequest[] = []
  let scenario = options.scenario ?? {}
  let connections = 0
  const scenarioOf = (model: string) => options.scenarios?.[model] ?? scenario
  const server = createServer((request, response) => {
    answer(request, response, requests, scenarioOf).catch(() => response.destroy())
  })
  server.on('connection', (socket) => {
    connections += 1
    socket.setNoDelay(true)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/v1`,
    requests,
    get connections() {
      return connections
    },
    setScenario: (next) => {
      scenario = next
    },
    [Symbol.asyncDispose]: async () => close(server),
  }
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  requests: ScriptedRequest[],
  scenarioOf: (model: string) => Scenario,
): Promise<void> {
  const startedAt = performance.now()
  const route = `${request.method ?? ''} ${request.url ?? ''}`
  if (route === 'GET /v1/models') {
    sendJson(response, 200, MODELS)
    return
  }
  if (route !== 'POST /v1/chat/completions') {
    sendError(response, { status: 404 })
    return
  }

  const body = await readBody(request)
  const record: Mutable<ScriptedRequest> = {
    body,
    headers: request.headers,
    startedAt,
    aborted: false,
    finished: false,
  }
  requests.push(record)
  const gone = new AbortController()
  response.once('close', () => {
    if (!record.finished) Object.assign(record, { aborted: true, abortedAt: performance.now() })
    gone.abort()
  })
  const model = String(body['model'])
  const play = new Play(scenarioOf(model), model, response, gone.signal)
  try {
    await play.run(body, () => (record.finished = true))
  } catch (error) {
    // A wait that ends because the client left is what the scenario is about.
    if (!gone.signal.aborted) throw error
  }
}

async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return JSON.parse(Buffer.concat(parts).toString()) as Record<string, unknown>
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function sendError(
  response: ServerResponse,
  { status = 500, retryAfter }: Pick<Scenario, 'status' | 'retryAfter'>,
): void {
  if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter)
  sendJson(response, status, errorObject(`scripted status ${status}`))
}

function errorObject(message: string): object {
  return { error: { message, type: 'scripted_error', param: null, code: null } }
}

/** One scenario, played to one client. */
class Play {
  private readonly tokens: readonly string[]
  private sent = 0

  constructor(
    private readonly scenario: Scenario,
    private readonly model: string,
    private readonly response: ServerResponse,
    private readonly gone: AbortSignal,
  ) {
    this.tokens = scenario.tokens ?? DEFAULT_TOKENS
  }

  /** Calls `finished` right before the end is sent, so that closing after it is no abort. */
  async run(body: Readonly<Record<string, unknown>>, finished: () => void): Promise<void> {
    const { status = 200, headerDelayMs } = this.scenario
    await this.pause(headerDelayMs)
    if (status !== 200 || body['stream'] !== true) {
      if (status === 200) await this.pause(this.scenario.firstTokenDelayMs)
      finished()
      if (status === 200) {
        sendJson(this.response, 200, this.completion())
        return
      }
      sendError(this.response, this.scenario)
      return
    }
    const contentType = this.scenario.contentType ?? 'text/event-stream; charset=utf-8'
    this.response.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-cache' })
    this.response.flushHeaders()
    await this.pause(this.scenario.firstTokenDelayMs)
    if (!(await this.sendTokens(finished))) return
    await this.sendEnd(body)
    finished()
    this.response.end()
  }

  /** False when the scenario ended among the tokens. */
  private async sendTokens(finished: () => void): Promise<boolean> {
    do {
      for (const token of this.tokens) {
        if (await this.misbehaves(finished)) return false
        if (this.sent > 0) await this.pause(this.scenario.tokenDelayMs)
        const role = this.sent === 0 ? { role: 'assistant' } : {}
        await this.send(this.chunk({ ...role, content: token }, null))
        this.sent += 1
      }
      if (this.scenario.endless) await setImmediate(undefined, { signal: this.gone })
    } while (this.scenario.endless)
    return !(await this.misbehaves(finished))
  }

  private async misbehaves(finished: () => void): Promise<boolean> {
    const { stallAfter, resetAfter, malformedAfter, errorObjectAfter } = this.scenario
    switch (this.sent) {
      case stallAfter:
        await once(this.gone, 'abort')
        return true
      case resetAfter:
        // What was written has to leave before the reset throws it away.
        await setTimeout(20, undefined, { signal: this.gone })
        finished()
        this.response.socket?.resetAndDestroy()
        return true
      case malformedAfter:
        await this.write('data: {"id": "chatcmpl-scripted", "choices": [\n\n')
        finished()
        this.response.end()
        return true
      case errorObjectAfter:
        await this.send(errorObject('scripted failure'))
        finished()
        this.response.end()
        return true
      default:
        return false
    }
  }

  private async sendEnd(body: Readonly<Record<string, unknown>>): Promise<void> {
    const { omitFinishReason, omitDone, finishReason = 'stop' } = this.scenario
    if (!omitFinishReason) await this.send(this.chunk({}, finishReason))
    const options = body['stream_options'] as { include_usage?: boolean } | undefined
    const usage = this.usage()
    if (usage && options?.include_usage) await this.send({ ...this.head(), choices: [], usage })
    if (!omitDone) await this.write('data: [DONE]\n\n')
  }

  private usage(): object | undefined {
    const { usage } = this.scenario
    if (usage === null) return undefined
    const { prompt_tokens = 1, completion_tokens = this.tokens.length } = usage ?? {}
    return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens }
  }

  private head(): object {
    return {
      id: 'chatcmpl-scripted',
      object: 'chat.completion.chunk',
      created: 1,
      model: this.scenario.modelSnapshot ?? this.model,
    }
  }

  private chunk(delta: object, finishReason: string | null): object {
    return { ...this.head(), choices: [{ index: 0, delta, finish_reason: finishReason }] }
  }

  private completion(): object {
    const message = { role: 'assistant', content: this.tokens.join('') }
    const finish_reason = this.scenario.finishReason ?? 'stop'
    const choices = [{ index: 0, message, finish_reason }]
    return { ...this.head(), object: 'chat.completion', choices, usage: this.usage() }
  }

  private async send(event: object): Promise<void> {
    await this.write(`data: ${JSON.stringify(event)}\n\n`)
  }

  private async write(text: string): Promise<void> {
    const bytes = Buffer.from(text)
    const size = this.scenario.chunkBytes ?? bytes.length
    for (let start = 0; start < bytes.length; start += size) {
      const flows = this.response.write(bytes.subarray(start, start + size))
      if (!flows) await once(this.response, 'drain', { signal: this.gone })
      // Each piece becomes a packet of its own.
      if (size < bytes.length) await setImmediate(undefined, { signal: this.gone })
    }
  }

  private async pause(ms: number | undefined): Promise<void> {
    if (ms) await setTimeout(ms, undefined, { signal: this.gone })
  }
}
