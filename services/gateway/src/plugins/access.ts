import type { FastifyRequest } from 'fastify'
import { AppError } from '@lexcustis/core'
import { asTenant, type Principal, type TenantPrincipal } from '../domain/principal.js'
import type { Permission } from '../domain/roles.js'

/** Who may call a route. Every route says; one that does not cannot be registered. */
export type Access = Permission | 'public' | 'authenticated'

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access
  }
  interface FastifyRequest {
    /** Set before the body is read, on every route that is not public. */
    principal: Principal | undefined
  }
}

interface AccessOptions {
  readonly config: { readonly access: Access }
}

/** Route options: `app.get(url, { ...requirePermission('chat'), schema }, handler)`. */
export function requirePermission(permission: Permission): AccessOptions {
  return { config: { access: permission } }
}

/** For anybody with an account, operators included. */
export function requireAuthentication(): AccessOptions {
  return { config: { access: 'authenticated' } }
}

export function openToEveryone(): AccessOptions {
  return { config: { access: 'public' } }
}

export function principalOf(request: FastifyRequest): Principal {
  if (!request.principal) throw new AppError('UNAUTHENTICATED', 'sign in first')
  return request.principal
}

/** The principal of a tenant route; FORBIDDEN for operators. */
export function tenantOf(request: FastifyRequest): TenantPrincipal {
  return asTenant(principalOf(request))
}
