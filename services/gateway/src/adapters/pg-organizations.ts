import { type Database, isUniqueViolation, type Queryable } from '@lexcustis/postgres'
import { AppError } from '@lexcustis/core'
import type { Organization } from '../domain/identity/model.js'
import type { OrganizationStore } from '../domain/identity/ports.js'
import { insertAccount } from './pg-accounts.js'

interface OrganizationRow {
  readonly id: string
  readonly slug: string
  readonly name: string
  readonly paused_at: Date | null
}

function toOrganization({ id, slug, name, paused_at }: OrganizationRow): Organization {
  return { id, slug, name, pausedAt: paused_at ?? undefined }
}

export function createPgOrganizations(database: Database): OrganizationStore {
  return {
    get: async (organizationId) =>
      database.tenant(organizationId, async (tx) => {
        const [row] = await tx.query<OrganizationRow>(
          'SELECT id, slug, name, paused_at FROM identity.organization WHERE id = $1',
          [organizationId],
        )
        return row && toOrganization(row)
      }),

    create: async (organization, admin, record) =>
      database.tenant(organization.id, async (tx) => {
        await insertOrganization(tx, organization)
        await insertAccount(tx, admin)
        await record()
      }),

    setPaused: async (organizationId, isPaused, record) =>
      database.tenant(organizationId, async (tx) => {
        const changed = await tx.query(
          `UPDATE identity.organization SET paused_at = CASE WHEN $2 THEN now() END
           WHERE id = $1 AND (paused_at IS NOT NULL) <> $2 RETURNING id`,
          [organizationId, isPaused],
        )
        if (changed.length === 0) return false
        await record()
        return true
      }),

    rename: async (organizationId, name, record) =>
      database.tenant(organizationId, async (tx) => {
        await tx.query('UPDATE identity.organization SET name = $2 WHERE id = $1', [
          organizationId,
          name,
        ])
        await record()
      }),
  }
}

async function insertOrganization(tx: Queryable, organization: Organization): Promise<void> {
  try {
    await tx.query('INSERT INTO identity.organization (id, slug, name) VALUES ($1, $2, $3)', [
      organization.id,
      organization.slug,
      organization.name,
    ])
  } catch (error) {
    if (!isUniqueViolation(error, 'organization_slug_unique')) throw error
    throw new AppError('CONFLICT', 'an organisation with this slug exists', {
      cause: error,
      errors: [{ pointer: '/slug', detail: 'is taken' }],
    })
  }
}
