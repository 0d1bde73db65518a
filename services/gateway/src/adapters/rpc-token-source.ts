import { TENANT_TOKEN_SECONDS, type TenantTokenSigner } from '@lexcustis/rpc'
import type { Principal } from '../domain/principal.js'
import {
  type Audience,
  DEPLOYMENT_ID,
  type TenantTokenIssuer,
  type TokenSource,
} from '../domain/tenant-tokens.js'

const CACHE_MS = 30_000
const CACHE_SIZE = 5_000

/**
 * Signs tenant tokens and hands each out for half of its life, so that a busy user costs one
 * signature per service and half minute.
 */
export function createTokenSource(
  sign: TenantTokenSigner,
  nowMs: () => number = Date.now,
): TokenSource & TenantTokenIssuer {
  const cache = new Map<string, { readonly token: Promise<string>; readonly untilMs: number }>()

  return {
    issue: async (principal, audience) => sign(contextOf(principal), audience),
    for: async (principal, audience) => {
      const key = cacheKey(principal, audience)
      const known = cache.get(key)
      if (known && known.untilMs > nowMs()) return known.token
      if (cache.size >= CACHE_SIZE) cache.clear()
      const token = sign(contextOf(principal), audience)
      cache.set(key, { token, untilMs: nowMs() + Math.min(CACHE_MS, TENANT_TOKEN_SECONDS * 500) })
      token.catch(() => cache.delete(key))
      return token
    },
  }
}

function contextOf({ organizationId = DEPLOYMENT_ID, userId, role, kind, via }: Principal) {
  return { organizationId, userId, userRole: role, kind, via }
}

/** Everything the token says: a changed role must not meet an old token. */
function cacheKey(principal: Principal, audience: Audience): string {
  const { organizationId, userId, userRole, kind, via } = contextOf(principal)
  return [audience, organizationId, userId, userRole, kind, via].join(' ')
}
