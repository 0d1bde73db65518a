import { AppError } from '@lexcustis/core'
import type { Database, Queryable } from '@lexcustis/postgres'
import { isKind } from '../domain/provider.js'
import type { ProviderChoice } from '../domain/provider-choice.js'
import type { ProviderSettings, SettingsStore } from '../domain/provider-settings.js'

interface ChoiceRow {
  readonly kind: string
  readonly model: string
  readonly base_url: string
  readonly region: string
  readonly sealed_key: Buffer | null
}

interface SettingsRow {
  readonly allowed_regions: string[]
  readonly temperature_e4: number | null
  readonly max_tokens: number | null
}

const E4 = 10_000

const SELECT_CHOICE = `
  SELECT kind, model, base_url, region, sealed_key
  FROM llm.provider_choice WHERE organization_id = $1`

const SELECT_FALLBACKS = `
  SELECT kind, model, base_url, region, sealed_key
  FROM llm.provider_fallback WHERE organization_id = $1 ORDER BY position`

const SELECT_SETTINGS = `
  SELECT allowed_regions, temperature_e4, max_tokens
  FROM llm.provider_settings WHERE organization_id = $1`

const UPSERT_CHOICE = `
  INSERT INTO llm.provider_choice
    (organization_id, kind, model, base_url, region, sealed_key, set_by)
  VALUES ($1, $2, $3, $4, $5, $6, $7)
  ON CONFLICT (organization_id) DO UPDATE SET
    kind = excluded.kind, model = excluded.model, base_url = excluded.base_url,
    region = excluded.region, sealed_key = excluded.sealed_key,
    set_by = excluded.set_by, set_at = now()
  WHERE provider_choice.organization_id = $1`

const UPSERT_SETTINGS = `
  INSERT INTO llm.provider_settings
    (organization_id, allowed_regions, temperature_e4, max_tokens, set_by)
  VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (organization_id) DO UPDATE SET
    allowed_regions = excluded.allowed_regions, temperature_e4 = excluded.temperature_e4,
    max_tokens = excluded.max_tokens, set_by = excluded.set_by, set_at = now()
  WHERE provider_settings.organization_id = $1`

const INSERT_FALLBACK = `
  INSERT INTO llm.provider_fallback
    (organization_id, position, kind, model, base_url, region, sealed_key)
  VALUES ($1, $2, $3, $4, $5, $6, $7)`

const DELETE_CHOICE = `DELETE FROM llm.provider_choice WHERE organization_id = $1`
const DELETE_FALLBACKS = `DELETE FROM llm.provider_fallback WHERE organization_id = $1`

/** Two admins at the same time follow each other: a chain is never half of one and half of another. */
const LOCK = `SELECT pg_advisory_xact_lock(hashtextextended('llm.settings ' || $1::text, 0))`

/** Settings in PostgreSQL: the choice, its fallbacks, and what holds for all of them. */
export class PgSettingsStore implements SettingsStore {
  constructor(private readonly database: Database) {}

  async get(organizationId: string): Promise<ProviderSettings> {
    return this.database.tenant(organizationId, async (tx) => {
      const [choice] = await tx.query<ChoiceRow>(SELECT_CHOICE, [organizationId])
      const fallbacks = await tx.query<ChoiceRow>(SELECT_FALLBACKS, [organizationId])
      const [settings] = await tx.query<SettingsRow>(SELECT_SETTINGS, [organizationId])
      return {
        choice: choice && toChoice(choice),
        fallbacks: fallbacks.map(toChoice),
        allowedRegions: settings?.allowed_regions ?? [],
        temperature: fromE4(settings?.temperature_e4),
        maxTokens: settings?.max_tokens ?? undefined,
      }
    })
  }

  async set(organizationId: string, settings: ProviderSettings, setBy: string): Promise<void> {
    const { choice, fallbacks, allowedRegions, temperature, maxTokens = null } = settings
    await this.database.tenant(organizationId, async (tx) => {
      await tx.query(LOCK, [organizationId])
      if (choice) await tx.query(UPSERT_CHOICE, [...columns(organizationId, choice), setBy])
      else await tx.query(DELETE_CHOICE, [organizationId])
      await replaceFallbacks(tx, organizationId, fallbacks)
      const temperatureE4 = temperature === undefined ? null : Math.round(temperature * E4)
      const values = [organizationId, allowedRegions, temperatureE4, maxTokens, setBy]
      await tx.query(UPSERT_SETTINGS, values)
    })
  }
}

async function replaceFallbacks(
  tx: Queryable,
  organizationId: string,
  fallbacks: readonly ProviderChoice[],
): Promise<void> {
  await tx.query(DELETE_FALLBACKS, [organizationId])
  for (const [index, fallback] of fallbacks.entries()) {
    const [, ...rest] = columns(organizationId, fallback)
    await tx.query(INSERT_FALLBACK, [organizationId, index + 1, ...rest])
  }
}

function columns(organizationId: string, choice: ProviderChoice): readonly unknown[] {
  const { kind, model, baseUrl, region, sealedKey = null } = choice
  return [organizationId, kind, model, baseUrl, region, sealedKey]
}

function fromE4(value: number | null | undefined): number | undefined {
  return value === null || value === undefined ? undefined : value / E4
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
