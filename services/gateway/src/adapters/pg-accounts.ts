import { AppError, type Role } from '@lexcustis/core'
import { type Database, isUniqueViolation, type Queryable } from '@lexcustis/postgres'
import { type Account, emailKey, type NewAccount } from '../domain/identity/model.js'
import type { AccountStore } from '../domain/identity/ports.js'
import { pageOf } from '../domain/page.js'
import { DEPLOYMENT_ID } from '../domain/tenant-tokens.js'

interface AccountRow {
  readonly organization_id: string
  readonly id: string
  readonly email: string
  readonly role: Role
  readonly created_at: Date
}

function toAccount(row: AccountRow): Account {
  return {
    organizationId: row.organization_id,
    id: row.id,
    email: row.email,
    role: row.role,
    createdAt: row.created_at,
  }
}

/** An account that cannot exist. */
const NOBODY = { organization_id: DEPLOYMENT_ID, id: DEPLOYMENT_ID }

export function createPgAccounts(database: Database): AccountStore {
  return {
    findByEmail: async (key) => {
      const [found] = await database.query<{ organization_id: string; id: string }>(
        'SELECT organization_id, id FROM identity.find_account($1)',
        [key],
      )
      // An unknown address takes the same steps as a known one: the clock tells a guesser nothing.
      const { organization_id: organizationId, id } = found ?? NOBODY
      return database.tenant(organizationId, async (tx) => {
        const [row] = await tx.query<AccountRow & { readonly password_hash: string }>(
          `SELECT organization_id, id, email, role, created_at, password_hash
           FROM identity.account WHERE organization_id = $1 AND id = $2`,
          [organizationId, id],
        )
        return row && { account: toAccount(row), passwordHash: row.password_hash }
      })
    },

    get: async (organizationId, id) =>
      database.tenant(organizationId, async (tx) => {
        const [row] = await tx.query<AccountRow>(
          `SELECT organization_id, id, email, role, created_at
           FROM identity.account WHERE organization_id = $1 AND id = $2`,
          [organizationId, id],
        )
        return row && toAccount(row)
      }),

    list: async (organizationId, { limit, after }) =>
      database.tenant(organizationId, async (tx) => {
        const rows = await tx.query<AccountRow>(
          `SELECT organization_id, id, email, role, created_at FROM identity.account
           WHERE organization_id = $1 AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3`,
          [organizationId, after ?? null, limit + 1],
        )
        return pageOf(rows.map(toAccount), limit)
      }),

    create: async (account, record) =>
      database.tenant(account.organizationId, async (tx) => {
        const created = await insertAccount(tx, account)
        await record()
        return created
      }),

    hasOperator: async () =>
      database.tenant(DEPLOYMENT_ID, async (tx) => {
        const rows = await tx.query(
          'SELECT id FROM identity.account WHERE organization_id = $1 LIMIT 1',
          [DEPLOYMENT_ID],
        )
        return rows.length > 0
      }),
  }
}

/** Adds an account in the transaction's organisation; CONFLICT when the address is taken. */
export async function insertAccount(tx: Queryable, account: NewAccount): Promise<Account> {
  const { organizationId, id, email, passwordHash, role } = account
  try {
    const [row] = await tx.query<AccountRow>(
      `INSERT INTO identity.account (organization_id, id, email, email_key, password_hash, role)
       VALUES ($1, $2, $3, $4, $5, $6)
       RETURNING organization_id, id, email, role, created_at`,
      [organizationId, id, email, emailKey(email), passwordHash, role],
    )
    if (!row) throw new AppError('INTERNAL', 'an insert returned no row')
    return toAccount(row)
  } catch (error) {
    if (!isUniqueViolation(error, 'account_email_unique')) throw error
    throw new AppError('CONFLICT', 'an account with this e-mail address exists', {
      cause: error,
      errors: [{ pointer: '/email', detail: 'is taken' }],
    })
  }
}
