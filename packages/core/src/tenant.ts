/** What a role may do is the table in docs/architecture.md; `gateway/src/domain/roles.ts` holds it. */
export const ROLES = ['member', 'reviewer', 'auditor', 'admin', 'operator'] as const
export type Role = (typeof ROLES)[number]

export const ACTOR_KINDS = ['user', 'api_key', 'operator', 'service', 'system'] as const
export type ActorKind = (typeof ACTOR_KINDS)[number]

export const ACTOR_VIAS = ['jwt', 'api_key', 'oidc', 'internal'] as const
export type ActorVia = (typeof ACTOR_VIAS)[number]

/** On whose behalf a call is made. Between services only the signed tenant token carries it. */
export interface TenantContext {
  readonly organizationId: string
  /** Id of the person or key that acts. */
  readonly userId: string
  readonly userRole: Role
  readonly kind: ActorKind
  readonly via: ActorVia
}
