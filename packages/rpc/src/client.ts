import { once } from 'node:events'
import { Client, Metadata, type ServiceError } from '@grpc/grpc-js'
import { AppError, mib } from '@lexcustis/core'
import { forwardDeadline } from './deadline.js'
import { type Definition, type RequestOf, type ResponseOf, serviceNameOf } from './definition.js'
import { fromStatus, isServiceError } from './status.js'
import { TENANT_TOKEN } from './tenant-token.js'
import { channelCredentials, type TlsIdentity } from './tls.js'

/** What travels with a call. */
export interface CallContext {
  readonly tenantToken?: string | undefined
  /** Ours; the peer gets a little less. */
  readonly deadline?: Date | undefined
  /** Aborting cancels the call at the peer at once. */
  readonly signal?: AbortSignal | undefined
  readonly traceparent?: string | undefined
}

type MethodOf<M> = M extends { requestStream: true; responseStream: true }
  ? (requests: AsyncIterable<RequestOf<M>>, context: CallContext) => AsyncIterable<ResponseOf<M>>
  : M extends { requestStream: true }
    ? (requests: AsyncIterable<RequestOf<M>>, context: CallContext) => Promise<ResponseOf<M>>
    : M extends { responseStream: true }
      ? (request: RequestOf<M>, context: CallContext) => AsyncIterable<ResponseOf<M>>
      : (request: RequestOf<M>, context: CallContext) => Promise<ResponseOf<M>>

/** A service as plain methods; errors are the AppErrors the peer threw. */
export type RpcClient<D extends Definition> = {
  readonly [K in keyof D]: MethodOf<D[K]>
} & Disposable

export interface RpcClientOptions {
  /** `host:port`, or `dns:///name:port` to balance over every address of a headless Service. */
  readonly address: string
  /** Name the peer's certificate must carry. */
  readonly peer: string
  readonly tls: TlsIdentity
  /** Methods that are safe to repeat: reads, and writes with an idempotency key. */
  readonly repeatable?: readonly string[]
  readonly maxMessageBytes?: number
}

export function createRpcClient<D extends Definition>(
  definition: D,
  options: RpcClientOptions,
): RpcClient<D> {
  const limit = options.maxMessageBytes ?? mib(8)
  const client = new Client(options.address, channelCredentials(options.tls), {
    'grpc.ssl_target_name_override': options.peer,
    'grpc.default_authority': options.peer,
    'grpc.service_config': serviceConfig(serviceNameOf(definition), definition, options),
    'grpc.max_receive_message_length': limit,
    'grpc.max_send_message_length': limit,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 2_000,
    'grpc.keepalive_time_ms': 30_000,
    'grpc.enable_channelz': 0,
  })
  const methods = Object.entries(definition).map(([name, method]) => [
    name,
    adapt(client, method, options.peer),
  ])
  return {
    ...(Object.fromEntries(methods) as { [K in keyof D]: MethodOf<D[K]> }),
    [Symbol.dispose]: () => client.close(),
  }
}

/** Balances over every address, and repeats what may be repeated while nobody answers. */
function serviceConfig(service: string, definition: Definition, options: RpcClientOptions): string {
  const name = (options.repeatable ?? []).flatMap((method) => {
    const found = definition[method]
    if (!found) throw new Error(`${service} has no method ${method}`)
    return [{ service, method: found.path.slice(found.path.lastIndexOf('/') + 1) }]
  })
  const retryPolicy = {
    maxAttempts: 3,
    initialBackoff: '0.05s',
    maxBackoff: '0.5s',
    backoffMultiplier: 2,
    retryableStatusCodes: ['UNAVAILABLE'],
  }
  return JSON.stringify({
    loadBalancingConfig: [{ round_robin: {} }],
    methodConfig: name.length > 0 ? [{ name, retryPolicy }] : [],
  })
}

function adapt(client: Client, method: Definition[string], peer: string): unknown {
  if (method.requestStream && method.responseStream) return bidi(client, method, peer)
  if (method.requestStream) return clientStream(client, method, peer)
  if (method.responseStream) return serverStream(client, method, peer)
  return unary(client, method, peer)
}

function metadataOf(context: CallContext): Metadata {
  const metadata = new Metadata()
  if (context.tenantToken) metadata.set(TENANT_TOKEN, context.tenantToken)
  if (context.traceparent) metadata.set('traceparent', context.traceparent)
  return metadata
}

function optionsOf(context: CallContext): { deadline?: Date } {
  if (context.signal?.aborted) throw AppError.from(context.signal.reason)
  const deadline = forwardDeadline(context.deadline)
  return deadline ? { deadline } : {}
}

/** Cancels the call with the signal; the listener goes when the call ends. */
function cancelWith(signal: AbortSignal | undefined, call: Cancellable): void {
  if (!signal) return
  const cancel = () => call.cancel()
  signal.addEventListener('abort', cancel, { once: true })
  call.once('status', () => signal.removeEventListener('abort', cancel))
}

interface Cancellable {
  cancel(): void
  once(event: 'status', listener: () => void): unknown
}

type Settle = (error: ServiceError | null, value?: unknown) => void

function settle(
  peer: string,
  resolve: (value: unknown) => void,
  reject: (error: Error) => void,
): Settle {
  return (error, value) => {
    if (error) reject(fromStatus(error, peer))
    else resolve(value)
  }
}

function unary(client: Client, method: Definition[string], peer: string) {
  return async (request: unknown, context: CallContext) => {
    const options = optionsOf(context)
    return new Promise((resolve, reject) => {
      const call = client.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        metadataOf(context),
        options,
        settle(peer, resolve, reject),
      )
      cancelWith(context.signal, call)
    })
  }
}

function clientStream(client: Client, method: Definition[string], peer: string) {
  return async (requests: AsyncIterable<unknown>, context: CallContext) => {
    const options = optionsOf(context)
    return new Promise((resolve, reject) => {
      const call = client.makeClientStreamRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        metadataOf(context),
        options,
        settle(peer, resolve, reject),
      )
      cancelWith(context.signal, call)
      feed(call, requests).catch((error: unknown) => {
        reject(AppError.from(error))
        call.cancel()
      })
    })
  }
}

interface Feedable extends NodeJS.EventEmitter {
  write(message: unknown): boolean
  end(): unknown
  readonly destroyed: boolean
}

/** Sends every request at the peer's speed; stops quietly once the peer has answered. */
async function feed(call: Feedable, requests: AsyncIterable<unknown>): Promise<void> {
  const ended = new AbortController()
  call.once('status', () => ended.abort())
  for await (const request of requests) {
    if (ended.signal.aborted) return
    if (!call.write(request)) {
      await once(call, 'drain', { signal: ended.signal }).catch(() => undefined)
    }
  }
  call.end()
}

async function* received(call: AsyncIterable<unknown> & Cancellable, peer: string): AsyncGenerator {
  try {
    for await (const message of call) yield message
  } catch (error) {
    throw isServiceError(error) ? fromStatus(error, peer) : AppError.from(error)
  } finally {
    // A consumer that stops early must not leave the peer working.
    call.cancel()
  }
}

function serverStream(client: Client, method: Definition[string], peer: string) {
  return (request: unknown, context: CallContext) => {
    const call = client.makeServerStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      metadataOf(context),
      optionsOf(context),
    )
    cancelWith(context.signal, call)
    return received(call as AsyncIterable<unknown> & Cancellable, peer)
  }
}

function bidi(client: Client, method: Definition[string], peer: string) {
  return (requests: AsyncIterable<unknown>, context: CallContext) => {
    const call = client.makeBidiStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      metadataOf(context),
      optionsOf(context),
    )
    cancelWith(context.signal, call)
    feed(call, requests).catch(() => call.cancel())
    return received(call as AsyncIterable<unknown> & Cancellable, peer)
  }
}
