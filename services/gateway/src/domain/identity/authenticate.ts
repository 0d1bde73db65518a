import { AppError } from '@lexcustis/core'
import type { Authenticator } from '../authenticator.js'
import type { Principal, TenantPrincipal } from '../principal.js'
import { permissionsOfKey, roleOfKey } from '../roles.js'
import type { StoredApiKey } from './model.js'
import type { ApiKeyStore } from './ports.js'
import { isSecret, parseApiKey } from './secrets.js'

/** Checks access tokens without a look-up: they are short-lived and signed. */
export interface AccessTokenVerifier {
  /** Undefined for anything but a valid token of ours. */
  verify(token: string): Promise<Principal | undefined>
}

/** Compared against when there is no such key, so that both cases take the same steps. */
const NO_SECRET = Buffer.alloc(32)

/** API keys are recognised by their form; everything else has to be an access token. */
export function createAuthenticator(
  keys: Pick<ApiKeyStore, 'find'>,
  tokens: AccessTokenVerifier,
): Authenticator {
  return {
    authenticate: async (credential) => {
      const key = parseApiKey(credential)
      const principal = key ? await byKey(keys, key) : await tokens.verify(credential)
      if (principal) return principal
      throw new AppError('UNAUTHENTICATED', 'this access token or API key is not valid')
    },
  }
}

async function byKey(
  keys: Pick<ApiKeyStore, 'find'>,
  { prefix, secret }: { readonly prefix: string; readonly secret: string },
): Promise<Principal | undefined> {
  const stored = await keys.find(prefix)
  const isRight = isSecret(secret, stored?.secretSha256 ?? NO_SECRET)
  return stored && isRight && !stored.key.revokedAt ? keyPrincipal(stored) : undefined
}

function keyPrincipal({ key, ownerRole }: StoredApiKey): TenantPrincipal {
  return {
    organizationId: key.organizationId,
    userId: key.id,
    role: roleOfKey(ownerRole, key.scopes),
    kind: 'api_key',
    via: 'api_key',
    permissions: permissionsOfKey(ownerRole, key.scopes),
    scopes: key.scopes,
    ragDefault: key.scopes.includes('rag'),
  }
}
