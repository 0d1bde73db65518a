import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { kib, uuidv7 } from '@lexcustis/core'
import {
  fastify,
  type FastifyBaseLogger,
  type FastifyInstance,
  type RawServerDefault,
} from 'fastify'
import { serializerCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Metrics } from '@lexcustis/runtime'
import type { RouteDeps } from './deps.js'
import type { Events } from './events.js'
import { type EdgeOptions, registerEdge } from './plugins/edge.js'
import { toFailure } from './plugins/failure.js'
import { registerHeaders } from './plugins/headers.js'
import { registerHttpMetrics } from './plugins/http-metrics.js'
import { JSON_BODY_BYTES, registerJsonBodies } from './plugins/json-body.js'
import { registerNotFound } from './plugins/not-found.js'
import { registerOpenApi } from './plugins/openapi.js'
import { rawProblem, registerProblems, sendFailure } from './plugins/problem.js'
import { validatorCompiler } from './plugins/validation.js'

/** Fastify with zod schemas as types. */
export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>

/** Adds the routes of one topic. */
export type RouteModule<D = RouteDeps> = (app: App, deps: D) => void

export interface AppOptions extends EdgeOptions {
  readonly events: Pick<Events, 'requestFailed'>
  /** Left out: requests are not measured. */
  readonly metrics?: Metrics
  /** Addresses or networks whose `x-forwarded-for` is believed. */
  readonly trustedProxies: readonly string[]
}

const HEADER_BYTES = kib(16)
/** 50 MiB at 1.4 Mbit/s; a chat's answer is not counted, only what the client sends. */
const REQUEST_TIMEOUT_MS = 300_000
/** Longer than the 60 s of common load balancers, so that they close first. */
const KEEP_ALIVE_MS = 72_000

/** The HTTP edge with the given routes; `inject` or `listen` it. */
export async function buildApp<D>(
  options: AppOptions,
  deps: D,
  modules: readonly RouteModule<D>[],
): Promise<App> {
  const app: App = fastify({
    logger: false,
    genReqId: () => uuidv7(),
    trustProxy: options.trustedProxies.length > 0 ? [...options.trustedProxies] : false,
    bodyLimit: JSON_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle',
    http: { maxHeaderSize: HEADER_BYTES },
    frameworkErrors: (error, request, reply) => {
      void reply.header('x-request-id', request.id)
      void sendFailure(request, reply, toFailure(error))
    },
    clientErrorHandler: answerUnreadable,
  }).withTypeProvider<ZodTypeProvider>()

  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  registerProblems(app, options.events)
  registerHeaders(app)
  if (options.metrics) registerHttpMetrics(app, options.metrics)
  registerEdge(app, options)
  registerNotFound(app)
  registerJsonBodies(app)
  await registerOpenApi(app)
  for (const register of modules) register(app, deps)
  await app.ready()
  return app
}

/** What Node's HTTP parser refuses never becomes a request; it still gets a problem document. */
function answerUnreadable(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy(error)
    return
  }
  const tooLong = error.code === 'HPE_HEADER_OVERFLOW'
  socket.end(
    tooLong
      ? rawProblem(431, 'PAYLOAD_TOO_LARGE', 'the headers are larger than 16 KiB', uuidv7())
      : rawProblem(400, 'INVALID_INPUT', 'this is not a valid HTTP request', uuidv7()),
  )
}
