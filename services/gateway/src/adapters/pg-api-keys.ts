import { AppError, type Role } from '@lexcustis/core'
import type { Database } from '@lexcustis/postgres'
import type { ApiKey } from '../domain/identity/model.js'
import type { ApiKeyStore } from '../domain/identity/ports.js'
import { pageOf } from '../domain/page.js'
import type { Scope } from '../domain/roles.js'

interface ApiKeyRow {
  readonly organization_id: string
  readonly id: string
  readonly account_id: string
  readonly name: string
  readonly prefix: string
  readonly scopes: readonly Scope[]
  readonly created_at: Date
  readonly revoked_at: Date | null
}

interface StoredRow extends ApiKeyRow {
  readonly secret_sha256: Buffer
  readonly role: Role
}

const COLUMNS = 'organization_id, id, account_id, name, prefix, scopes, created_at, revoked_at'

function toApiKey(row: ApiKeyRow): ApiKey {
  return {
    organizationId: row.organization_id,
    id: row.id,
    accountId: row.account_id,
    name: row.name,
    prefix: row.prefix,
    scopes: row.scopes,
    createdAt: row.created_at,
    revokedAt: row.revoked_at ?? undefined,
  }
}

export function createPgApiKeys(database: Database): ApiKeyStore {
  return {
    find: async (prefix) => {
      const [found] = await database.query<{ organization_id: string; id: string }>(
        'SELECT organization_id, id FROM identity.find_api_key($1)',
        [prefix],
      )
      if (!found) return undefined
      return database.tenant(found.organization_id, async (tx) => {
        const [row] = await tx.query<StoredRow>(
          `SELECT k.organization_id, k.id, k.account_id, k.name, k.prefix, k.scopes, k.created_at,
                  k.revoked_at, k.secret_sha256, a.role
           FROM identity.api_key k
           JOIN identity.account a ON a.organization_id = k.organization_id AND a.id = k.account_id
           WHERE k.organization_id = $1 AND k.id = $2`,
          [found.organization_id, found.id],
        )
        return row && { key: toApiKey(row), secretSha256: row.secret_sha256, ownerRole: row.role }
      })
    },

    list: async (organizationId, { limit, after }) =>
      database.tenant(organizationId, async (tx) => {
        const rows = await tx.query<ApiKeyRow>(
          `SELECT ${COLUMNS} FROM identity.api_key
           WHERE organization_id = $1 AND revoked_at IS NULL AND ($2::uuid IS NULL OR id > $2)
           ORDER BY id LIMIT $3`,
          [organizationId, after ?? null, limit + 1],
        )
        return pageOf(rows.map(toApiKey), limit)
      }),

    create: async (key, record) =>
      database.tenant(key.organizationId, async (tx) => {
        const [row] = await tx.query<ApiKeyRow>(
          `INSERT INTO identity.api_key
             (organization_id, id, account_id, name, prefix, secret_sha256, scopes)
           VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING ${COLUMNS}`,
          [
            key.organizationId,
            key.id,
            key.accountId,
            key.name,
            key.prefix,
            key.secretSha256,
            key.scopes,
          ],
        )
        if (!row) throw new AppError('INTERNAL', 'an insert returned no row')
        await record()
        return toApiKey(row)
      }),

    revoke: async (organizationId, id, record) =>
      database.tenant(organizationId, async (tx) => {
        const revoked = await tx.query(
          `UPDATE identity.api_key SET revoked_at = now()
           WHERE organization_id = $1 AND id = $2 AND revoked_at IS NULL RETURNING id`,
          [organizationId, id],
        )
        if (revoked.length === 0) return false
        await record()
        return true
      }),
  }
}
