import {
  ACTOR_KINDS,
  ACTOR_VIAS,
  AppError,
  isUuid,
  ROLES,
  type TenantContext,
} from '@lexcustis/core'
import {
  createLocalJWKSet,
  importJWK,
  type JSONWebKeySet,
  type JWK,
  jwtVerify,
  SignJWT,
} from 'jose'

/** gRPC metadata key of the token. */
export const TENANT_TOKEN = 'lexcustis-tenant-token'
export const TENANT_TOKEN_SECONDS = 60

const ISSUER = 'lexcustis-gateway'
const CACHE_SIZE = 2_000

export type TenantTokenSigner = (tenant: TenantContext, audience: string) => Promise<string>
export type TenantTokenVerifier = (token: string) => Promise<TenantContext>

/** Signs EdDSA JWTs (RFC 8037) that last 60 s and are good for one audience. */
export async function createTenantTokenSigner(privateJwk: JWK): Promise<TenantTokenSigner> {
  const key = await importJWK(privateJwk, 'EdDSA')
  const header = { alg: 'EdDSA', ...(privateJwk.kid ? { kid: privateJwk.kid } : {}) }
  return async (tenant, audience) =>
    new SignJWT({
      org: tenant.organizationId,
      role: tenant.userRole,
      kind: tenant.kind,
      via: tenant.via,
    })
      .setProtectedHeader(header)
      .setIssuer(ISSUER)
      .setSubject(tenant.userId)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime(`${TENANT_TOKEN_SECONDS} s`)
      .sign(key)
}

/**
 * Verifies tokens for one audience. A token verified once is remembered until it expires, so a
 * stream of calls pays for one signature. Everything wrong with a token is the same UNAUTHENTICATED.
 */
export function createTenantTokenVerifier(
  keys: JSONWebKeySet,
  audience: string,
): TenantTokenVerifier {
  const keySet = createLocalJWKSet(keys)
  const cache = new Map<string, { tenant: TenantContext; expiresAtMs: number }>()

  return async (token) => {
    const known = cache.get(token)
    if (known && known.expiresAtMs > Date.now()) return known.tenant
    const { payload } = await jwtVerify(token, keySet, {
      algorithms: ['EdDSA'],
      audience,
      issuer: ISSUER,
      requiredClaims: ['sub', 'org', 'role', 'exp', 'iat'],
      maxTokenAge: `${TENANT_TOKEN_SECONDS} s`,
    }).catch((error: unknown) => {
      throw new AppError('UNAUTHENTICATED', 'the tenant token is not valid', { cause: error })
    })
    const tenant = readClaims(payload)
    if (cache.size >= CACHE_SIZE) cache.clear()
    cache.set(token, { tenant, expiresAtMs: Number(payload.exp) * 1000 })
    return tenant
  }
}

function readClaims(claims: Readonly<Record<string, unknown>>): TenantContext {
  const userRole = ROLES.find((role) => role === claims['role'])
  const kind = ACTOR_KINDS.find((value) => value === (claims['kind'] ?? 'user'))
  const via = ACTOR_VIAS.find((value) => value === (claims['via'] ?? 'internal'))
  const { org, sub } = claims
  if (
    !userRole ||
    !kind ||
    !via ||
    typeof org !== 'string' ||
    !isUuid(org) ||
    typeof sub !== 'string'
  ) {
    throw new AppError('UNAUTHENTICATED', 'the tenant token is not valid')
  }
  return { organizationId: org, userId: sub, userRole, kind, via }
}
