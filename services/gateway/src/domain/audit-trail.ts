import { AppError, type Reason } from '@lexcustis/core'
import type { TenantPrincipal } from './principal.js'

/** What people did to the organisation, as the log records it. Never a text that somebody wrote. */
export interface AuditEvent {
  readonly type:
    | 'user.created'
    | 'apikey.created'
    | 'apikey.revoked'
    | 'settings.changed'
    | 'policy.changed'
    | 'organization.paused'
    | 'organization.resumed'
    | 'document.ingested'
    | 'document.deleted'
    | 'auth.failed'
  readonly attrs: Readonly<Record<string, unknown>>
}

/**
 * The log, for everything but chats. The order is always: record, then effect. A change whose record
 * cannot be made durable does not happen; one that fails after its record leaves a record too many,
 * never one too few.
 */
export interface AuditTrail {
  /** Returns the record's id once it is durable. Throws UNAVAILABLE when it cannot be. */
  record(principal: TenantPrincipal, event: AuditEvent): Promise<string>
  /** Records that what `recordId` announced did not come about. Never throws: the failure did that. */
  takeBack(principal: TenantPrincipal, recordId: string, event: AuditEvent): Promise<void>
}

/** After these nothing has changed; after all others nobody knows. */
const REFUSED: ReadonlySet<Reason> = new Set([
  'INVALID_INPUT',
  'FORBIDDEN',
  'NOT_FOUND',
  'CONFLICT',
  'PAYLOAD_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'RATE_LIMITED',
  'UNIMPLEMENTED',
])

/** Records an event, then lets another service act on it; a refusal is recorded as `undone`. */
export async function recordThenAct(
  trail: AuditTrail,
  principal: TenantPrincipal,
  event: AuditEvent,
  undone: AuditEvent,
  act: () => Promise<unknown>,
): Promise<void> {
  const id = await trail.record(principal, event)
  try {
    await act()
  } catch (error) {
    if (REFUSED.has(AppError.from(error).reason)) await trail.takeBack(principal, id, undone)
    throw error
  }
}
