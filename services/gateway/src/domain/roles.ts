import type { Role } from '@lexcustis/core'

/** What a route may ask for. */
export const PERMISSIONS = [
  'chat',
  'models.read',
  'documents.read',
  'documents.write',
  'audit.entries',
  'audit.content',
  'audit.verify',
  'audit.proofs',
  'settings.read',
  'settings.write',
  'users.read',
  'users.write',
  'keys.read',
  'keys.write',
  'subjects.approve',
  'subjects.erase',
  'retention.read',
  'retention.write',
  'tenant_tokens.issue',
  'organizations.write',
  'knowledge.read',
  'knowledge.write',
] as const
export type Permission = (typeof PERMISSIONS)[number]

const MEMBER = ['chat', 'models.read', 'documents.read'] as const
const REVIEWER = [
  ...MEMBER,
  'documents.write',
  'audit.entries',
  'audit.content',
  'subjects.approve',
] as const
const AUDITOR = [
  'models.read',
  'documents.read',
  'audit.entries',
  'audit.content',
  'audit.verify',
  'audit.proofs',
  'retention.read',
  'settings.read',
  'users.read',
  'keys.read',
] as const
const ADMIN = [
  ...REVIEWER,
  ...AUDITOR,
  'settings.write',
  'users.write',
  'keys.write',
  'subjects.erase',
  'retention.write',
] as const

/** Who may do what: the one page. The operator runs the deployment and reads nobody's content. */
export const ROLE_TABLE: Readonly<Record<Role, ReadonlySet<Permission>>> = {
  member: new Set(MEMBER),
  reviewer: new Set(REVIEWER),
  auditor: new Set(AUDITOR),
  admin: new Set(ADMIN),
  operator: new Set(['organizations.write', 'knowledge.read', 'knowledge.write']),
}

/** What an API key may be limited to. `rag` adds no permission: it switches sources on for `/v1`. */
export const SCOPES = ['chat', 'rag', 'documents', 'audit', 'peer'] as const
export type Scope = (typeof SCOPES)[number]

export const DEFAULT_SCOPES: readonly Scope[] = ['chat', 'documents']

const SCOPE_TABLE: Readonly<Record<Scope, readonly Permission[]>> = {
  chat: ['chat', 'models.read'],
  rag: [],
  documents: ['documents.read', 'documents.write'],
  audit: ['audit.entries', 'audit.content', 'audit.verify', 'audit.proofs'],
  peer: ['tenant_tokens.issue'],
}

/**
 * Permissions of a key: what its scopes name, never more than its owner's role has today. Only keys
 * can hold `tenant_tokens.issue`, and only an admin's: a token speaks to the services directly.
 */
export function permissionsOfKey(
  ownerRole: Role,
  scopes: readonly Scope[],
): ReadonlySet<Permission> {
  const granted = scopes.flatMap((scope) => SCOPE_TABLE[scope])
  const owned = ROLE_TABLE[ownerRole]
  return new Set(
    granted.filter((permission) =>
      permission === 'tenant_tokens.issue' ? ownerRole === 'admin' : owned.has(permission),
    ),
  )
}

const NARROWEST_FIRST: readonly Role[] = ['member', 'reviewer', 'auditor', 'admin']

/**
 * The role a key shows to the services: the narrowest that covers its permissions. A `peer` key
 * stands in for its owner there, because its certificate already says which services it may call.
 */
export function roleOfKey(ownerRole: Role, scopes: readonly Scope[]): Role {
  if (scopes.includes('peer')) return ownerRole
  const permissions = [...permissionsOfKey(ownerRole, scopes)]
  const covers = (role: Role) => permissions.every((permission) => ROLE_TABLE[role].has(permission))
  return NARROWEST_FIRST.find(covers) ?? ownerRole
}
