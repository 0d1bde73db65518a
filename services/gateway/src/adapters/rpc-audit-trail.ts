import { AppError, type Clock, formatMicros, uuidv7 } from '@lexcustis/core'
import type { AuditTrail } from '../domain/audit-trail.js'
import type { TokenSource } from '../domain/tenant-tokens.js'
import { callContext, type Peers } from './peers.js'

const APPEND_TIMEOUT_MS = 5_000

/** Appends through the audit service; repeats are safe because the id is ours. */
export function createAuditTrail(
  writer: Pick<Peers['audit']['writer'], 'append'>,
  tokens: TokenSource,
  clock: Clock,
): AuditTrail {
  return {
    record: async (principal, { type, attrs }) => {
      const request = {
        id: uuidv7(),
        type,
        occurredAt: formatMicros(clock.nowMicros()),
        ref: '',
        trace: '',
        attrsJson: JSON.stringify(attrs),
        content: [],
      }
      try {
        const context = await callContext(tokens, principal, 'audit', {
          timeoutMs: APPEND_TIMEOUT_MS,
        })
        await writer.append(request, context)
      } catch (cause) {
        throw new AppError('UNAVAILABLE', 'this cannot be recorded now, so it was not done', {
          cause,
          retryAfterMs: 1_000,
        })
      }
    },
  }
}
