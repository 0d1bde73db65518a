import { Memo } from '@lexcustis/core'
import type { ApiKeyStore, OrganizationStore } from '../domain/identity/ports.js'

/** A key revoked or an organisation paused elsewhere is noticed this much later at most; here at once. */
const KNOWN_MS = 1_000

/** Each request asks whether its organisation is paused: one look-up serves a second of them. */
export function rememberOrganizations(store: OrganizationStore): OrganizationStore {
  const known = new Memo({ ttlMs: KNOWN_MS, load: async (id) => store.get(id) })
  return {
    ...store,
    get: async (organizationId) => known.get(organizationId),
    setPaused: async (organizationId, ...change) =>
      store.setPaused(organizationId, ...change).finally(() => known.forget(organizationId)),
    rename: async (organizationId, ...change) =>
      store.rename(organizationId, ...change).finally(() => known.forget(organizationId)),
  }
}

/** Each request with an API key looks the key up: one look-up serves a second of them. */
export function rememberApiKeys(store: ApiKeyStore): ApiKeyStore {
  const known = new Memo({ ttlMs: KNOWN_MS, load: async (prefix) => store.find(prefix) })
  return {
    ...store,
    find: async (prefix) => known.get(prefix),
    create: async (...creation) => store.create(...creation).finally(() => known.clear()),
    revoke: async (...revocation) => store.revoke(...revocation).finally(() => known.clear()),
  }
}
