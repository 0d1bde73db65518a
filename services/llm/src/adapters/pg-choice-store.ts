import { AppError } from '@lexcustis/core'
import type { Database } from '@lexcustis/postgres'
import { isKind } from '../domain/provider.js'
import type { ChoiceStore, ProviderChoice } from '../domain/provider-choice.js'

interface ChoiceRow {
  readonly kind: string
  readonly model: string
  readonly base_url: string
  readonly region: string
  readonly sealed_key: Buffer | null
}

const SELECT = `
  SELECT kind, model, base_url, region, sealed_key
  FROM llm.provider_choice WHERE organization_id = $1`

const UPSERT = `
  INSERT INTO llm.provider_choice
    (organization_id, kind, model, base_url, region, sealed_key, set_by)
  VALUES ($1, $2, $3, $4, $5, $6, $7)
  ON CONFLICT (organization_id) DO UPDATE SET
    kind = excluded.kind, model = excluded.model, base_url = excluded.base_url,
    region = excluded.region, sealed_key = excluded.sealed_key,
    set_by = excluded.set_by, set_at = now()
  WHERE provider_choice.organization_id = $1`

const DELETE = `DELETE FROM llm.provider_choice WHERE organization_id = $1`

/** Choices in PostgreSQL, one row per organisation that made one. */
export class PgChoiceStore implements ChoiceStore {
  constructor(private readonly database: Database) {}

  async get(organizationId: string): Promise<ProviderChoice | undefined> {
    const [row] = await this.database.tenant(organizationId, async (tx) =>
      tx.query<ChoiceRow>(SELECT, [organizationId]),
    )
    return row && toChoice(row)
  }

  async set(organizationId: string, choice: ProviderChoice, setBy: string): Promise<void> {
    const { kind, model, baseUrl, region, sealedKey = null } = choice
    await this.database.tenant(organizationId, async (tx) =>
      tx.query(UPSERT, [organizationId, kind, model, baseUrl, region, sealedKey, setBy]),
    )
  }

  async clear(organizationId: string): Promise<void> {
    await this.database.tenant(organizationId, async (tx) => tx.query(DELETE, [organizationId]))
  }
}

function toChoice(row: ChoiceRow): ProviderChoice {
  const { kind, model, base_url: baseUrl, region, sealed_key: sealedKey } = row
  // A kind of a newer version, after going back to this one.
  if (!isKind(kind)) {
    throw new AppError(
      'UNAVAILABLE',
      'the provider of the organisation is not known to this version',
    )
  }
  return { kind, model, baseUrl, region, sealedKey: sealedKey ?? undefined }
}
