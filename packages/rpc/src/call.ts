import type { Metadata } from '@grpc/grpc-js'
import { AppError, type TenantContext } from '@lexcustis/core'
import { CALLER } from './allow.js'
import { TENANT_TOKEN, type TenantTokenVerifier } from './tenant-token.js'

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

const GONE = new AppError('CANCELLED', 'the caller went away')

/** What the four kinds of grpc-js calls have in common. */
interface RawCall {
  readonly metadata: Metadata
  getDeadline(): Date | number
  on(event: 'cancelled', listener: () => void): unknown
}

export function describeCall(call: RawCall, verify: TenantTokenVerifier): Call {
  const abort = new AbortController()
  // Also said at the end of calls that went well: an error made here each time would cost a stack.
  call.on('cancelled', () => abort.abort(GONE))
  const deadline = toDate(call.getDeadline())
  return {
    caller: text(call.metadata, CALLER) ?? '',
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
