/** The closed list of SPEC.md, section 2; `schemas/<type>.json` holds the attributes of each. */
export const RECORD_TYPES = [
  'chain.genesis',
  'chain.heartbeat',
  'key.announced',
  'chat.started',
  'chat.completed',
  'chat.blocked',
  'chat.aborted',
  'oversight.decided',
  'incident.opened',
  'incident.changed',
  'incident.reported',
  'incident.closed',
  'document.ingested',
  'document.deleted',
  'settings.changed',
  'policy.changed',
  'organization.paused',
  'organization.resumed',
  'user.created',
  'user.changed',
  'user.removed',
  'apikey.created',
  'apikey.rotated',
  'apikey.revoked',
  'auth.failed',
  'content.read',
  'dossier.exported',
  'verification.run',
  'subject.erased',
  'content.expired',
] as const

export type RecordType = (typeof RECORD_TYPES)[number]

const known: ReadonlySet<string> = new Set(RECORD_TYPES)

export function isRecordType(value: string): value is RecordType {
  return known.has(value)
}

/** Values that a record commits to without containing them. */
export const COMMITTED_FIELDS = [
  'prompt',
  'response',
  'passages',
  'originals',
  'rationale',
] as const

export type CommittedField = (typeof COMMITTED_FIELDS)[number]
