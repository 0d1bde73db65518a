import { isUuid, ROLES } from '@lexcustis/core'
import {
  createLocalJWKSet,
  importJWK,
  type JSONWebKeySet,
  type JWK,
  jwtVerify,
  SignJWT,
} from 'jose'
import type { AccessTokenVerifier } from '../domain/identity/authenticate.js'
import type { Account } from '../domain/identity/model.js'
import { ACCESS_TOKEN_SECONDS, type AccessTokenIssuer } from '../domain/identity/sign-in.js'
import { operatorPrincipal, type Principal, userPrincipal } from '../domain/principal.js'

const ISSUER = 'lexcustis-gateway'
const AUDIENCE = 'lexcustis-api'

export interface AccessTokens extends AccessTokenIssuer, AccessTokenVerifier {
  /** Public keys (RFC 7517), for `/.well-known/jwks.json`. */
  readonly jwks: JSONWebKeySet
}

/** EdDSA JWTs (RFC 8037) of 15 minutes. An operator's token names no organisation. */
export async function createAccessTokens(privateJwk: JWK): Promise<AccessTokens> {
  const key = await importJWK(privateJwk, 'EdDSA')
  const { d: _secret, ...publicJwk } = privateJwk
  const jwks = { keys: [publicJwk] }
  const keySet = createLocalJWKSet(jwks)
  const header = { alg: 'EdDSA', ...(privateJwk.kid ? { kid: privateJwk.kid } : {}) }

  return {
    jwks,
    issue: async ({ id, organizationId, role }: Account) =>
      new SignJWT({ role, ...(role === 'operator' ? {} : { org: organizationId }) })
        .setProtectedHeader(header)
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setSubject(id)
        .setIssuedAt()
        .setExpirationTime(`${ACCESS_TOKEN_SECONDS} s`)
        .sign(key),

    verify: async (token) => {
      const verified = await jwtVerify(token, keySet, {
        algorithms: ['EdDSA'],
        issuer: ISSUER,
        audience: AUDIENCE,
        requiredClaims: ['sub', 'role', 'exp', 'iat'],
      }).catch(() => undefined)
      return verified && readClaims(verified.payload)
    },
  }
}

function readClaims(claims: Readonly<Record<string, unknown>>): Principal | undefined {
  const { sub, org } = claims
  const role = ROLES.find((known) => known === claims['role'])
  if (!role || typeof sub !== 'string' || !isUuid(sub)) return undefined
  if (role === 'operator') return operatorPrincipal(sub)
  if (typeof org !== 'string' || !isUuid(org)) return undefined
  return userPrincipal({ id: sub, organizationId: org, role })
}
