import { ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js'
import { AppError } from '@lexcustis/core'
import type { Definition } from './definition.js'
import { serviceNameOf, serviceNameOfPath } from './definition.js'
import { toStatus } from './status.js'
import { peerNames } from './tls.js'

/** Full service name → certificate names. A service that is not listed answers nobody. */
export type AllowList = Readonly<Record<string, readonly string[]>>

/** Metadata key under which a handler finds the name on the caller's certificate. */
export const CALLER = 'lexcustis-caller'

/** Liveness says nothing about tenants: whoever holds a certificate of our authority may ask. */
const OPEN_TO_EVERY_CERTIFICATE = ['grpc.health.v1.Health']

/** Refuses every caller whose certificate name is not on the list of the called service. */
export function onlyFrom(allow: AllowList, open: readonly string[] = []): ServerInterceptor {
  const everyone = new Set([...OPEN_TO_EVERY_CERTIFICATE, ...open])
  return (method, call) => {
    const service = serviceNameOfPath(method.path)
    const names = peerNames(call.getAuthContext().sslPeerCertificate?.subjectaltname)
    const allowed = allow[service] ?? []
    if (everyone.has(service) || names.some((name) => allowed.includes(name))) {
      return new ServerInterceptingCall(call, {
        start: (next) => {
          next({
            onReceiveMetadata: (metadata, receive) => {
              // Replaces whatever the caller sent under this name: handlers read it instead of
              // decoding the certificate a second time, which costs as much as a small query.
              metadata.set(CALLER, names[0] ?? '')
              receive(metadata)
            },
          })
        },
      })
    }
    return new ServerInterceptingCall(call, {
      start: () => {
        call.sendStatus(toStatus(new AppError('FORBIDDEN', 'this caller may not use this service')))
      },
    })
  }
}

/** The list with the peers that the operator named: certificate name → gRPC services, ours among them. */
export function withPeers(
  allow: AllowList,
  extraCallers: Readonly<Record<string, readonly string[]>>,
): AllowList {
  const peersOf = (service: string) =>
    Object.entries(extraCallers)
      .filter(([, services]) => services.includes(service))
      .map(([name]) => name)
  return Object.fromEntries(
    Object.entries(allow).map(([service, names]) => [service, [...names, ...peersOf(service)]]),
  )
}

/** Refuses to start when the list and the registered services differ in either direction. */
export function assertCovers(allow: AllowList, definitions: readonly Definition[]): void {
  const registered = new Set(definitions.map(serviceNameOf))
  const missing = [...registered].filter((name) => !(name in allow))
  const unknown = Object.keys(allow).filter((name) => !registered.has(name))
  if (missing.length + unknown.length === 0) return
  throw new Error(
    `allow-list and services differ: without a line: ${missing.join(', ') || 'none'}; ` +
      `listed but not served: ${unknown.join(', ') || 'none'}`,
  )
}
