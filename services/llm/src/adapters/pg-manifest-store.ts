import type { Database } from '@lexcustis/postgres'
import type { ManifestEntry, ManifestStore, ProviderUse } from '../domain/provider-manifest.js'

interface UseRow {
  readonly provider: string
  readonly model: string
  readonly model_snapshot: string
  readonly region: string
  readonly first_used_at: Date
  readonly last_used_at: Date
}

const RECORD = `
  INSERT INTO llm.provider_use (organization_id, provider, model, model_snapshot, region)
  VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (organization_id, provider, model, model_snapshot, region)
  DO UPDATE SET last_used_at = greatest(provider_use.last_used_at, now())
  WHERE provider_use.organization_id = $1`

const LIST = `
  SELECT provider, model, model_snapshot, region, first_used_at, last_used_at
  FROM llm.provider_use WHERE organization_id = $1
  ORDER BY first_used_at, provider, model, model_snapshot, region`

/** The manifest in PostgreSQL. */
export class PgManifestStore implements ManifestStore {
  constructor(private readonly database: Database) {}

  async record(organizationId: string, use: ProviderUse): Promise<void> {
    const { provider, model, modelSnapshot, region } = use
    await this.database.tenant(organizationId, async (tx) =>
      tx.query(RECORD, [organizationId, provider, model, modelSnapshot, region]),
    )
  }

  async list(organizationId: string): Promise<ManifestEntry[]> {
    const rows = await this.database.tenant(organizationId, async (tx) =>
      tx.query<UseRow>(LIST, [organizationId]),
    )
    return rows.map((row) => ({
      provider: row.provider,
      model: row.model,
      modelSnapshot: row.model_snapshot,
      region: row.region,
      firstUsedAt: row.first_used_at,
      lastUsedAt: row.last_used_at,
    }))
  }
}
