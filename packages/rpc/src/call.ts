import type { Metadata } from '@grpc/grpc-js'
import type { AuthContext } from '@grpc/grpc-js/build/src/auth-context.js'
import { AppError, type TenantContext } from '@lexcustis/core'
import { TENANT_TOKEN, type TenantTokenVerifier } from './tenant-token.js'
import { peerNames } from './tls.js'

/** What a handler knows about the call it answers. */
export interface Call {
  /** Name on the caller's certificate. */
  readonly caller: string
  /** Fires when the caller cancels, goes away, or the deadline passes. */
  readonly signal: AbortSignal
  readonly deadline: Date | undefined
  /** W3C `traceparent` as received. */
  readonly traceparent: string | undefined
  /** On whose behalf. Throws UNAUTHENTICATED without a valid tenant token. */
  tenant(): Promise<TenantContext>
}

/** What the four kinds of grpc-js calls have in common. */
interface RawCall {
  readonly metadata: Metadata
  getDeadline(): Date | number
  getAuthContext(): AuthContext
  on(event: 'cancelled', listener: () => void): unknown
}

export function describeCall(call: RawCall, verify: TenantTokenVerifier): Call {
  const abort = new AbortController()
  call.on('cancelled', () => abort.abort(new AppError('CANCELLED', 'the caller went away')))
  const deadline = toDate(call.getDeadline())
  return {
    caller: peerNames(call.getAuthContext().sslPeerCertificate?.subjectaltname)[0] ?? '',
    signal: abort.signal,
    deadline,
    traceparent: text(call.metadata, 'traceparent'),
    tenant: async () => {
      const token = text(call.metadata, TENANT_TOKEN)
      if (!token) throw new AppError('UNAUTHENTICATED', `metadata ${TENANT_TOKEN} is missing`)
      return verify(token)
    },
  }
}

function text(metadata: Metadata, name: string): string | undefined {
  const value = metadata.get(name)[0]
  return typeof value === 'string' ? value : undefined
}

function toDate(deadline: Date | number): Date | undefined {
  const ms = typeof deadline === 'number' ? deadline : deadline.getTime()
  return Number.isFinite(ms) ? new Date(ms) : undefined
}
