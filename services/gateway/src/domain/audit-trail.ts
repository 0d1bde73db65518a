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
  /** Returns once the record is durable. Throws UNAVAILABLE when it cannot be. */
  record(principal: TenantPrincipal, event: AuditEvent): Promise<void>
}
