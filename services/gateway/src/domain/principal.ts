import { AppError, type Role } from '@lexcustis/core'
import { type Permission, ROLE_TABLE, type Scope } from './roles.js'

/** Who makes a request, as the gateway itself established it. */
export interface Principal {
  /** Absent for operators, who belong to no organisation. */
  readonly organizationId: string | undefined
  /** Id of the person, or of the API key when a key acts. */
  readonly userId: string
  readonly role: Role
  readonly kind: 'user' | 'api_key' | 'operator' | 'service'
  readonly via: 'jwt' | 'api_key' | 'oidc' | 'internal'
  readonly permissions: ReadonlySet<Permission>
  /** Only for keys. */
  readonly scopes?: readonly Scope[]
  /** Whether `/v1` answers use the organisation's documents when the request does not say. */
  readonly ragDefault: boolean
}

/** A principal with an organisation: everybody but operators. */
export interface TenantPrincipal extends Principal {
  readonly organizationId: string
}

/** Throws FORBIDDEN when the role or the key does not include the permission. */
export function assertMay(principal: Principal, permission: Permission): void {
  if (principal.permissions.has(permission)) return
  throw new AppError('FORBIDDEN', `this needs the permission ${permission}`)
}

/** Throws FORBIDDEN for an operator. */
export function asTenant(principal: Principal): TenantPrincipal {
  const { organizationId } = principal
  if (organizationId === undefined) {
    throw new AppError('FORBIDDEN', 'an operator has no organisation')
  }
  return { ...principal, organizationId }
}

export function userPrincipal(
  user: { readonly id: string; readonly organizationId: string; readonly role: Role },
  via: 'jwt' | 'oidc' = 'jwt',
): TenantPrincipal {
  return {
    organizationId: user.organizationId,
    userId: user.id,
    role: user.role,
    kind: 'user',
    via,
    permissions: ROLE_TABLE[user.role],
    ragDefault: false,
  }
}

export function operatorPrincipal(id: string): Principal {
  return {
    organizationId: undefined,
    userId: id,
    role: 'operator',
    kind: 'operator',
    via: 'jwt',
    permissions: ROLE_TABLE.operator,
    ragDefault: false,
  }
}

/** The gateway itself, about an account: a failed sign-in is nobody's act. */
export function servicePrincipal(organizationId: string, accountId: string): TenantPrincipal {
  return {
    organizationId,
    userId: accountId,
    role: 'member',
    kind: 'service',
    via: 'internal',
    permissions: new Set(),
    ragDefault: false,
  }
}
