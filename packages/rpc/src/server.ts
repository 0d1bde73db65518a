import { Server } from '@grpc/grpc-js'
import { AppError, mib } from '@lexcustis/core'
import { HealthImplementation } from 'grpc-health-check'
import { type AllowList, assertCovers, onlyFrom } from './allow.js'
import { serviceNameOf } from './definition.js'
import type { BoundService, CallReport } from './handler.js'
import type { TenantTokenVerifier } from './tenant-token.js'
import { serverCredentials, type TlsIdentity } from './tls.js'

export interface RpcServerOptions {
  readonly host: string
  /** 0 for any free port. */
  readonly port: number
  readonly tls: TlsIdentity
  readonly allow: AllowList
  readonly verify: TenantTokenVerifier
  readonly services: readonly BoundService[]
  readonly report?: (report: CallReport) => void
  readonly drainMs?: number
  readonly maxMessageBytes?: number
}

export interface RpcServer extends AsyncDisposable {
  readonly port: number
  /** Health answers NOT_SERVING until this says otherwise. */
  setServing(isServing: boolean): void
  /** NOT_SERVING at once, no new calls; running ones get `drainMs`, then are cut. */
  drain(): Promise<void>
}

const DEFAULT_DRAIN_MS = 10_000

/** Listens with mutual TLS; every service is behind the allow-list. */
export async function startRpcServer(options: RpcServerOptions): Promise<RpcServer> {
  assertCovers(
    options.allow,
    options.services.map(({ definition }) => definition),
  )
  const limit = options.maxMessageBytes ?? mib(8)
  const server = new Server({
    interceptors: [onlyFrom(options.allow)],
    'grpc.max_receive_message_length': limit,
    'grpc.max_send_message_length': limit,
    'grpc.max_metadata_size': 32 * 1024,
  })
  const context = { verify: options.verify, report: options.report ?? (() => undefined) }
  for (const bound of options.services) server.addService(bound.definition, bound.bind(context))

  const names = ['', ...options.services.map(({ definition }) => serviceNameOf(definition))]
  const health = new HealthImplementation({})
  const setServing = (isServing: boolean) => {
    for (const name of names) health.setStatus(name, isServing ? 'SERVING' : 'NOT_SERVING')
  }
  setServing(false)
  health.addToServer(server)

  const port = await listen(server, `${options.host}:${options.port}`, options.tls)
  const drain = async () => {
    setServing(false)
    await shutDown(server, options.drainMs ?? DEFAULT_DRAIN_MS)
  }
  let draining: Promise<void> | undefined
  const drainOnce = () => (draining ??= drain())
  return { port, setServing, drain: drainOnce, [Symbol.asyncDispose]: drainOnce }
}

async function listen(server: Server, address: string, tls: TlsIdentity): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, serverCredentials(tls), (error, port) => {
      if (error)
        reject(new AppError('UNAVAILABLE', `cannot listen on ${address}`, { cause: error }))
      else resolve(port)
    })
  })
}

async function shutDown(server: Server, drainMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.forceShutdown(), drainMs)
    server.tryShutdown(() => {
      clearTimeout(cut)
      resolve()
    })
  })
}
