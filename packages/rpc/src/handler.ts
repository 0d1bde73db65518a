import { once } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { UntypedServiceImplementation } from '@grpc/grpc-js'
import type {
  handleBidiStreamingCall,
  handleClientStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
} from '@grpc/grpc-js'
import { AppError } from '@lexcustis/core'
import { type Call, describeCall } from './call.js'
import type { Definition, RequestOf, ResponseOf } from './definition.js'
import { toStatus } from './status.js'
import type { TenantTokenVerifier } from './tenant-token.js'

type HandlerOf<M> = M extends { requestStream: true; responseStream: true }
  ? (requests: AsyncIterable<RequestOf<M>>, call: Call) => AsyncIterable<ResponseOf<M>>
  : M extends { requestStream: true }
    ? (requests: AsyncIterable<RequestOf<M>>, call: Call) => Promise<ResponseOf<M>>
    : M extends { responseStream: true }
      ? (request: RequestOf<M>, call: Call) => AsyncIterable<ResponseOf<M>>
      : (request: RequestOf<M>, call: Call) => Promise<ResponseOf<M>>

/** Handlers of a service as plain functions; a missing method does not compile. */
export type Handlers<D extends Definition> = { readonly [K in keyof D]: HandlerOf<D[K]> }

/** A service ready to be registered. */
export interface BoundService {
  readonly definition: Definition
  bind(context: BindContext): UntypedServiceImplementation
}

/** One finished call, for logs and metrics. */
export interface CallReport {
  readonly path: string
  readonly caller: string
  readonly durationMs: number
  /** Absent when it succeeded. */
  readonly error?: AppError
}

export interface BindContext {
  readonly verify: TenantTokenVerifier
  readonly report: (report: CallReport) => void
}

export function service<D extends Definition>(definition: D, handlers: Handlers<D>): BoundService {
  return {
    definition,
    bind: (context) =>
      Object.fromEntries(
        Object.entries(definition).map(([name, method]) => {
          const handler = (handlers as Record<string, unknown>)[name]
          return [name, adapt(method, handler, context)]
        }),
      ) as UntypedServiceImplementation,
  }
}

/** What a contract promises for later answers UNIMPLEMENTED, never something made up. */
export function unimplemented(what: string): never {
  throw new AppError('UNIMPLEMENTED', `${what} is not implemented in this version`)
}

type Unary = (request: unknown, call: Call) => Promise<unknown>
type ServerStream = (request: unknown, call: Call) => AsyncIterable<unknown>
type ClientStream = (requests: AsyncIterable<unknown>, call: Call) => Promise<unknown>
type Bidi = (requests: AsyncIterable<unknown>, call: Call) => AsyncIterable<unknown>

function adapt(method: Definition[string], handler: unknown, context: BindContext): unknown {
  const { path } = method
  if (method.requestStream && method.responseStream) return bidi(path, handler as Bidi, context)
  if (method.requestStream) return clientStream(path, handler as ClientStream, context)
  if (method.responseStream) return serverStream(path, handler as ServerStream, context)
  return unary(path, handler as Unary, context)
}

/** Runs `work` and reports how it went; the result or the error passes through. */
async function reported<T>(
  path: string,
  call: Call,
  context: BindContext,
  work: () => Promise<T>,
): Promise<T> {
  const startedAt = performance.now()
  const report = (error?: AppError) =>
    context.report({
      path,
      caller: call.caller,
      durationMs: performance.now() - startedAt,
      ...(error ? { error } : {}),
    })
  try {
    const result = await work()
    report()
    return result
  } catch (error) {
    const named = AppError.from(error)
    report(named)
    throw named
  }
}

function unary(path: string, use: Unary, context: BindContext): handleUnaryCall<unknown, unknown> {
  return (raw, callback) => {
    const call = describeCall(raw, context.verify)
    reported(path, call, context, async () => use(raw.request, call)).then(
      (response) => callback(null, response),
      (error: unknown) => callback(toStatus(error)),
    )
  }
}

/** Node 20 takes two turns; more cost nothing that a stream of requests would notice. */
const SETTLE_TURNS = 10

/**
 * The requests of a stream, ending only where the caller ended it. When the caller goes away, grpc-js
 * ends the iteration in the same way and says `cancelled` a few turns of the event loop later: without
 * waiting for that, half an upload would look like a whole one. Throws CANCELLED then.
 */
async function* whole(requests: AsyncIterable<unknown>, call: Call): AsyncGenerator {
  let torn: unknown
  try {
    yield* requests
  } catch (error) {
    torn = error
  }
  for (let turn = 0; turn < SETTLE_TURNS && !call.signal.aborted; turn += 1) await nextTurn()
  if (call.signal.aborted) throw new AppError('CANCELLED', 'the caller went away', { cause: torn })
  if (torn !== undefined) throw AppError.from(torn)
}

function clientStream(
  path: string,
  use: ClientStream,
  context: BindContext,
): handleClientStreamingCall<unknown, unknown> {
  return (raw, callback) => {
    const call = describeCall(raw, context.verify)
    reported(path, call, context, async () => use(whole(raw, call), call)).then(
      (response) => callback(null, response),
      (error: unknown) => callback(toStatus(error)),
    )
  }
}

interface Writable {
  write(message: unknown): boolean
  end(): unknown
  emit(event: 'error', error: unknown): boolean
}

/** Writes every message, waiting whenever the peer is slower than we are. */
async function pump(
  raw: Writable & NodeJS.EventEmitter,
  messages: AsyncIterable<unknown>,
  call: Call,
): Promise<void> {
  for await (const message of messages) {
    if (call.signal.aborted) throw new AppError('CANCELLED', 'the caller went away')
    if (!raw.write(message)) await once(raw, 'drain', { signal: call.signal })
  }
}

function stream(
  path: string,
  raw: Writable & NodeJS.EventEmitter,
  call: Call,
  context: BindContext,
  messages: () => AsyncIterable<unknown>,
): void {
  reported(path, call, context, async () => pump(raw, messages(), call)).then(
    () => raw.end(),
    (error: unknown) => raw.emit('error', toStatus(error)),
  )
}

function serverStream(
  path: string,
  use: ServerStream,
  context: BindContext,
): handleServerStreamingCall<unknown, unknown> {
  return (raw) => {
    const call = describeCall(raw, context.verify)
    stream(path, raw, call, context, () => use(raw.request, call))
  }
}

function bidi(
  path: string,
  use: Bidi,
  context: BindContext,
): handleBidiStreamingCall<unknown, unknown> {
  return (raw) => {
    const call = describeCall(raw, context.verify)
    stream(path, raw, call, context, () => use(whole(raw, call), call))
  }
}
