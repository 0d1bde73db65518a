import type { JSONWebKeySet } from 'jose'
import type { ReadinessCheck } from '@lexcustis/runtime'
import type { RouteDeps } from '../deps.js'
import type { AuditTrail } from '../domain/audit-trail.js'
import type { Administration } from '../domain/identity/administration.js'
import type { AccountStore, ApiKeyStore, OrganizationStore } from '../domain/identity/ports.js'
import type { SignIn } from '../domain/identity/sign-in.js'
import type { TenantTokenIssuer } from '../domain/tenant-tokens.js'

/** Everything the routes of the gateway stand on; each module asks for its part. */
export interface GatewayDeps extends RouteDeps {
  readonly signIn: SignIn
  readonly administration: Administration
  readonly organizations: Pick<OrganizationStore, 'get'>
  readonly accounts: Pick<AccountStore, 'get' | 'list'>
  readonly keys: Pick<ApiKeyStore, 'list'>
  readonly trail: AuditTrail
  readonly issuer: TenantTokenIssuer
  /** Public keys of the access tokens. */
  readonly jwks: JSONWebKeySet
  readonly checks: readonly ReadinessCheck[]
}
