import { AppError, type Clock, formatMicros, uuidv7 } from '@lexcustis/core'
import type { AuditEvent, AuditTrail } from '../domain/audit-trail.js'
import type { TenantPrincipal } from '../domain/principal.js'
import type { TokenSource } from '../domain/tenant-tokens.js'
import { callContext, type Peers } from './peers.js'

const APPEND_TIMEOUT_MS = 5_000

export interface AuditTrailDeps {
  readonly writer: Pick<Peers['audit']['writer'], 'append'>
  readonly tokens: TokenSource
  readonly clock: Clock
  /** Hears of a change that the log announces and that did not come about. */
  readonly onStanding: (error: unknown) => void
}

/** Appends through the audit service; repeats are safe because the id is ours. */
export function createAuditTrail({
  writer,
  tokens,
  clock,
  onStanding,
}: AuditTrailDeps): AuditTrail {
  const append = async (
    principal: TenantPrincipal,
    { type, attrs }: AuditEvent,
    ref: string,
  ): Promise<string> => {
    const id = uuidv7()
    const occurredAt = formatMicros(clock.nowMicros())
    const attrsJson = JSON.stringify(attrs)
    const context = await callContext(tokens, principal, 'audit', { timeoutMs: APPEND_TIMEOUT_MS })
    await writer.append({ id, type, occurredAt, ref, trace: '', attrsJson, content: [] }, context)
    return id
  }
  return {
    record: async (principal, event) =>
      append(principal, event, '').catch((cause: unknown) => {
        throw new AppError('UNAVAILABLE', 'this cannot be recorded now, so it was not done', {
          cause,
          retryAfterMs: 1_000,
        })
      }),
    takeBack: async (principal, recordId, event) => {
      await append(principal, event, recordId).catch(onStanding)
    },
  }
}
