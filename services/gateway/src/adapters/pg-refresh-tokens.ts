import { uuidv7 } from '@lexcustis/core'
import type { Database, Queryable } from '@lexcustis/postgres'
import type { RefreshGrant, RefreshStore } from '../domain/identity/ports.js'

interface Place {
  readonly organization_id: string
  readonly id: string
}

interface TokenRow {
  readonly family_id: string
  readonly account_id: string
  readonly is_used: boolean
  readonly is_over: boolean
}

export function createPgRefreshTokens(database: Database): RefreshStore {
  const find = async (tokenSha256: Buffer): Promise<Place | undefined> => {
    const [place] = await database.query<Place>(
      'SELECT organization_id, id FROM identity.find_refresh_token($1)',
      [tokenSha256],
    )
    return place
  }
  return {
    start: async (organizationId, accountId, tokenSha256, expiresAt) =>
      database.tenant(organizationId, async (tx) => {
        const familyId = uuidv7()
        await tx.query(
          'INSERT INTO identity.refresh_family (organization_id, id, account_id) VALUES ($1, $2, $3)',
          [organizationId, familyId, accountId],
        )
        await insertToken(tx, organizationId, familyId, tokenSha256, expiresAt)
      }),

    rotate: async (usedSha256, nextSha256, expiresAt) => {
      const place = await find(usedSha256)
      if (!place) return undefined
      return database.tenant(place.organization_id, async (tx) =>
        replaceToken(tx, place, nextSha256, expiresAt),
      )
    },

    end: async (tokenSha256) => {
      const place = await find(tokenSha256)
      if (!place) return
      await database.tenant(place.organization_id, async (tx) => {
        const token = await lockToken(tx, place)
        if (token) await endFamily(tx, place.organization_id, token.family_id)
      })
    },
  }
}

/** Locks the token, so that of two simultaneous uses one is the second. */
async function lockToken(tx: Queryable, place: Place): Promise<TokenRow | undefined> {
  const [row] = await tx.query<TokenRow>(
    `SELECT t.family_id, f.account_id, t.used_at IS NOT NULL AS is_used,
            t.expires_at <= now() OR f.revoked_at IS NOT NULL AS is_over
     FROM identity.refresh_token t
     JOIN identity.refresh_family f ON f.organization_id = t.organization_id AND f.id = t.family_id
     WHERE t.organization_id = $1 AND t.id = $2
     FOR UPDATE OF t`,
    [place.organization_id, place.id],
  )
  return row
}

async function replaceToken(
  tx: Queryable,
  place: Place,
  nextSha256: Buffer,
  expiresAt: Date,
): Promise<RefreshGrant | undefined> {
  const { organization_id: organizationId, id } = place
  const token = await lockToken(tx, place)
  if (!token || token.is_over) return undefined
  if (token.is_used) {
    await endFamily(tx, organizationId, token.family_id)
    return undefined
  }
  await tx.query(
    'UPDATE identity.refresh_token SET used_at = now() WHERE organization_id = $1 AND id = $2',
    [organizationId, id],
  )
  // A used token is kept only as long as its reuse could still mean theft.
  await tx.query(
    `DELETE FROM identity.refresh_token
     WHERE organization_id = $1 AND family_id = $2 AND expires_at <= now()`,
    [organizationId, token.family_id],
  )
  await insertToken(tx, organizationId, token.family_id, nextSha256, expiresAt)
  return { organizationId, accountId: token.account_id, familyId: token.family_id }
}

async function insertToken(
  tx: Queryable,
  organizationId: string,
  familyId: string,
  tokenSha256: Buffer,
  expiresAt: Date,
): Promise<void> {
  await tx.query(
    `INSERT INTO identity.refresh_token (organization_id, id, family_id, token_sha256, expires_at)
     VALUES ($1, $2, $3, $4, $5)`,
    [organizationId, uuidv7(), familyId, tokenSha256, expiresAt],
  )
}

async function endFamily(tx: Queryable, organizationId: string, familyId: string): Promise<void> {
  await tx.query(
    `UPDATE identity.refresh_family SET revoked_at = now()
     WHERE organization_id = $1 AND id = $2 AND revoked_at IS NULL`,
    [organizationId, familyId],
  )
}
