import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { Player } from './scripted-provider-player.js'
import type { Reply, ScriptedScenario } from './scripted-provider-scenario.js'
import { errorObject, fromShorthand, type Scenario } from './scripted-provider-shorthand.js'
import { Wire } from './scripted-provider-wire.js'

export type { Scenario } from './scripted-provider-shorthand.js'

/** One chat request as it was received, and how it ended. */
export interface ScriptedRequest {
  readonly path: string
  readonly body: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Milliseconds, `performance.now()` of this process; so are the others. */
  readonly startedAt: number
  /** The client left before the answer was over. */
  readonly aborted: boolean
  readonly abortedAt?: number
  /** The scenario was played to its end. */
  readonly finished: boolean
  /** The connection is free, or gone. */
  readonly closed: boolean
  /** Of the body, as given to the connection. */
  readonly sentBytes: number
}

/** One TCP connection. */
export interface ScriptedSocket {
  readonly openedAt: number
  readonly closedAt?: number
  /** Who ended it first. */
  readonly closedBy?: 'client' | 'provider'
}

export interface ScriptedProviderOptions {
  readonly scenario?: Scenario | ScriptedScenario
  /** By model name; such a request does not follow `scenario`. */
  readonly scenarios?: Readonly<Record<string, Scenario | ScriptedScenario>>
}

export interface ScriptedProvider extends AsyncDisposable {
  /** Base URL for clients of the OpenAI API; ends in `/v1`. */
  readonly url: string
  readonly requests: readonly ScriptedRequest[]
  readonly sockets: readonly ScriptedSocket[]
  /** TCP connections accepted so far. */
  readonly connections: number
  readonly openSockets: number
  /** For requests from now on, which are counted from one again. */
  setScenario(scenario: Scenario | ScriptedScenario): void
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

const MODELS = { object: 'list', data: [{ id: 'scripted', object: 'model', owned_by: 'tests' }] }
const CHAT_PATH = '/v1/chat/completions'

/** A scenario in use, and how many chat requests it has had. */
interface Running {
  readonly replies: readonly Reply[]
  seen: number
}

/** A model provider on 127.0.0.1 that speaks OpenAI's wire format and does what a test tells it. */
export async function startScriptedProvider(
  options: ScriptedProviderOptions = {},
): Promise<ScriptedProvider> {
  const requests: ScriptedRequest[] = []
  const sockets: ScriptedSocket[] = []
  let current = toRunning(options.scenario ?? {})
  const byModel = new Map(
    Object.entries(options.scenarios ?? {}).map(([name, each]) => [name, toRunning(each)]),
  )
  const runningOf = (model: string) => byModel.get(model) ?? current
  const server = createServer((request, response) => {
    answer(request, response, requests, runningOf).catch(() => response.destroy())
  })
  server.on('connection', (socket) => sockets.push(watched(socket)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/v1`,
    requests,
    sockets,
    get connections() {
      return sockets.length
    },
    get openSockets() {
      return sockets.filter(({ closedAt }) => closedAt === undefined).length
    },
    setScenario: (next) => {
      current = toRunning(next)
    },
    [Symbol.asyncDispose]: async () => close(server),
  }
}

function toRunning(scenario: Scenario | ScriptedScenario): Running {
  const { replies } = 'replies' in scenario ? scenario : fromShorthand(scenario)
  return { replies, seen: 0 }
}

function watched(socket: Socket): ScriptedSocket {
  const record: Mutable<ScriptedSocket> = { openedAt: performance.now() }
  const by = (who: 'client' | 'provider') => () => (record.closedBy ??= who)
  socket.setNoDelay(true)
  socket.once('end', by('client')).once('error', by('client')).once('finish', by('provider'))
  socket.once('close', () => {
    record.closedAt = performance.now()
    record.closedBy ??= 'provider'
  })
  return record
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
  runningOf: (model: string) => Running,
): Promise<void> {
  const startedAt = performance.now()
  const { method = '', url = '', headers } = request
  const isChat = method === 'POST'
  const body = isChat ? await readBody(request) : {}
  const running = runningOf(String(body['model']))
  const turn = isChat && (url === CHAT_PATH || names(running, url)) ? running.seen++ : running.seen
  const reply = running.replies.find((each) => fits(each, { path: url, body, turn }))
  if (!reply) {
    const isList = method === 'GET' && url === '/v1/models'
    if (isList) sendJson(response, 200, MODELS)
    else sendJson(response, 404, errorObject('the scenario has no reply for this request'))
    return
  }
  const record: Mutable<ScriptedRequest> = {
    path: url,
    body,
    headers,
    startedAt,
    aborted: false,
    finished: false,
    closed: false,
    sentBytes: 0,
  }
  if (isChat) requests.push(record)
  await play(response, record, reply, turn)
}

async function play(
  response: ServerResponse,
  record: Mutable<ScriptedRequest>,
  reply: Reply,
  turn: number,
): Promise<void> {
  const gone = new AbortController()
  response.once('close', () => {
    if (!record.finished) Object.assign(record, { aborted: true, abortedAt: performance.now() })
    record.closed = true
    gone.abort()
  })
  const { signal } = gone
  const sent = (bytes: number) => (record.sentBytes = bytes)
  const wire = new Wire({ response, reply, turn, gone: signal, sent })
  const finished = () => (record.finished = true)
  try {
    await new Player({ reply, wire, gone: signal, body: record.body, finished }).run()
  } catch (error) {
    // A wait that ends because the client left is what the scenario is about.
    if (!signal.aborted) throw error
  }
}

interface Asked {
  readonly path: string
  readonly body: Readonly<Record<string, unknown>>
  /** From 0. */
  readonly turn: number
}

function fits({ when }: Reply, { path, body, turn }: Asked): boolean {
  if ((when.path ?? CHAT_PATH) !== path) return false
  if (when.nth !== undefined && when.nth !== turn + 1) return false
  if (when.model !== undefined && when.model !== body['model']) return false
  return when.stream === undefined || when.stream === (body['stream'] === true)
}

function names({ replies }: Running, path: string): boolean {
  return replies.some(({ when }) => when.path === path)
}

async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return JSON.parse(Buffer.concat(parts).toString()) as Record<string, unknown>
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
