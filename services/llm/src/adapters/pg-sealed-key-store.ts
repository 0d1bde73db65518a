import type { Database } from '@lexcustis/postgres'
import { isKind } from '../domain/provider.js'
import type { SealedKeyStore, StoredKey } from '../domain/rewrap-keys.js'

const SEALED_OTHERWISE = 'SELECT organization_id FROM llm.organizations_sealed_otherwise($1)'

const KEYS = `
  SELECT kind, base_url, sealed_key FROM llm.provider_choice
  WHERE organization_id = $1 AND sealed_key IS NOT NULL
  UNION ALL
  SELECT kind, base_url, sealed_key FROM llm.provider_fallback
  WHERE organization_id = $1 AND sealed_key IS NOT NULL`

const REPLACE = ['provider_choice', 'provider_fallback'].map(
  (table) =>
    `UPDATE llm.${table} SET sealed_key = $3 WHERE organization_id = $1 AND sealed_key = $2`,
)

interface KeyRow {
  readonly kind: string
  readonly base_url: string
  readonly sealed_key: Buffer
}

/** Sealed API keys in PostgreSQL. Ids come across organisations; keys only within each of them. */
export class PgSealedKeyStore implements SealedKeyStore {
  constructor(private readonly database: Database) {}

  async sealedOtherwise(head: Buffer): Promise<readonly string[]> {
    const rows = await this.database.query<{ organization_id: string }>(SEALED_OTHERWISE, [head])
    return rows.map(({ organization_id: id }) => id)
  }

  async keysOf(organizationId: string): Promise<readonly StoredKey[]> {
    const rows = await this.database.tenant(organizationId, async (tx) =>
      tx.query<KeyRow>(KEYS, [organizationId]),
    )
    return rows.flatMap(({ kind, base_url: baseUrl, sealed_key: sealed }) =>
      isKind(kind) ? [{ purpose: { organizationId, kind, baseUrl }, sealed }] : [],
    )
  }

  async replace(organizationId: string, before: Buffer, after: Buffer): Promise<void> {
    await this.database.tenant(organizationId, async (tx) => {
      for (const statement of REPLACE) await tx.query(statement, [organizationId, before, after])
    })
  }
}
