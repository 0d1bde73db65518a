import { fileURLToPath } from 'node:url'
import { type Database, openDatabase } from '@lexcustis/postgres'
import { uuidv7 } from '@lexcustis/core'
import { startTestPostgres, type TestPostgres } from '@lexcustis/testing'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPgAccounts } from '../src/adapters/pg-accounts.js'
import { createPgApiKeys } from '../src/adapters/pg-api-keys.js'
import { createPgAuthFailures } from '../src/adapters/pg-auth-failures.js'
import { createPgOrganizations } from '../src/adapters/pg-organizations.js'
import { createPgRefreshTokens } from '../src/adapters/pg-refresh-tokens.js'
import { sha256 } from '../src/domain/identity/secrets.js'

const MIGRATIONS = fileURLToPath(new URL('../migrations', import.meta.url))
const TABLES = [
  'organization',
  'account',
  'api_key',
  'refresh_family',
  'refresh_token',
  'auth_failure',
] as const

let postgres: TestPostgres
let database: Database

interface Planted {
  readonly organizationId: string
  readonly accountId: string
  readonly slug: string
}
let mine: Planted
let theirs: Planted

const nothing = async () => undefined

/** An organisation with a row in every table. */
async function plant(slug: string): Promise<Planted> {
  const [organizationId, accountId] = [uuidv7(), uuidv7()]
  const email = `admin@${slug}.test`
  const account = {
    organizationId,
    id: accountId,
    email,
    passwordHash: 'x',
    role: 'admin' as const,
  }
  const organization = { id: organizationId, slug, name: slug, pausedAt: undefined }
  await createPgOrganizations(database).create(organization, account, nothing)
  await createPgApiKeys(database).create(
    {
      organizationId,
      id: uuidv7(),
      accountId,
      name: 'k',
      prefix: `lc_${slug}`,
      scopes: ['chat'],
      secretSha256: sha256(slug),
    },
    nothing,
  )
  const expiry = new Date(Date.now() + 60_000)
  await createPgRefreshTokens(database).start(organizationId, accountId, sha256(slug), expiry)
  await createPgAuthFailures(database).count(organizationId, accountId)
  return { organizationId, accountId, slug }
}

beforeAll(async () => {
  postgres = await startTestPostgres()
  await postgres.migrate('identity', MIGRATIONS)
  database = openDatabase({ url: postgres.url('gateway'), name: 'test' })
  mine = await plant('mine')
  theirs = await plant('theirs')
})
afterAll(async () => {
  await database[Symbol.asyncDispose]()
  await postgres[Symbol.asyncDispose]()
})

async function sqlState(url: string, sql: string, organizationId?: string): Promise<string> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query('BEGIN')
    if (organizationId) {
      await client.query("SELECT set_config('app.organization_id', $1, true)", [organizationId])
    }
    await client.query(sql)
    return 'ok'
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  } finally {
    await client.end()
  }
}

describe('row-level security, with the application’s own filter left out', () => {
  test.each(TABLES)('shows the rows of one organisation in %s', async (table) => {
    const column = table === 'organization' ? 'id' : 'organization_id'
    const rows = await database.tenant(mine.organizationId, async (tx) =>
      tx.query<{ owner: string }>(`SELECT ${column} AS owner FROM identity.${table}`),
    )
    expect(new Set(rows.map(({ owner }) => owner))).toEqual(new Set([mine.organizationId]))
  })

  test.each(TABLES)('shows nothing of %s when no organisation is set', async (table) => {
    expect(await database.query(`SELECT 1 FROM identity.${table}`)).toEqual([])
  })

  test('lets nobody write into another organisation', async () => {
    const insert = `INSERT INTO identity.auth_failure (organization_id, account_id, unreported, reported_at)
      VALUES ('${theirs.organizationId}', '${theirs.accountId}', 9, now())`
    expect(await sqlState(postgres.url('gateway'), insert, mine.organizationId)).toBe('42501')
    const changed = await database.tenant(mine.organizationId, async (tx) =>
      tx.query("UPDATE identity.organization SET name = 'taken over' RETURNING id"),
    )
    expect(changed).toEqual([{ id: mine.organizationId }])
  })
})

describe('the application’s own filter, with row-level security switched off', () => {
  test('finds nothing of another organisation', async () => {
    const open = openDatabase({ url: postgres.superuserUrl, name: 'test-without-rls' })
    // A superuser is not subject to row-level security: what filters here is the statement.
    const wrong = async <T>(
      organizationId: string,
      use: (tx: Database) => Promise<T>,
    ): Promise<T> => {
      expect(organizationId).toBe(mine.organizationId)
      return use(open)
    }
    const unfiltered = { ...open, tenant: wrong } as unknown as Database
    const accounts = createPgAccounts(unfiltered)
    expect(await accounts.get(mine.organizationId, theirs.accountId)).toBeUndefined()
    const { items } = await accounts.list(mine.organizationId, { limit: 200, after: undefined })
    expect(items.map(({ id }) => id)).toEqual([mine.accountId])
    const keys = createPgApiKeys(unfiltered)
    const listed = await keys.list(mine.organizationId, { limit: 200, after: undefined })
    expect(listed.items.map(({ organizationId }) => organizationId)).toEqual([mine.organizationId])
    const [foreign] = (
      await createPgApiKeys(database).list(theirs.organizationId, { limit: 1, after: undefined })
    ).items
    expect(await keys.revoke(mine.organizationId, foreign!.id, nothing)).toBe(false)
    await open[Symbol.asyncDispose]()
  })
})

describe('grants', () => {
  test.each([
    'DELETE FROM identity.organization',
    'TRUNCATE identity.account CASCADE',
    'DELETE FROM identity.account',
    "UPDATE identity.account SET role = 'admin'",
    "UPDATE identity.account SET password_hash = 'x'",
    'DELETE FROM identity.api_key',
    "UPDATE identity.api_key SET scopes = '{peer}'",
    "UPDATE identity.api_key SET secret_sha256 = '\\x00'",
    'UPDATE identity.refresh_token SET expires_at = now()',
    'DELETE FROM identity.refresh_family',
    'ALTER TABLE identity.account DISABLE ROW LEVEL SECURITY',
    'DROP POLICY tenant ON identity.account',
    'CREATE TABLE identity.x (id int)',
    'SET ROLE lexcustis_owner',
    'SELECT 1 FROM audit.audit_logs',
  ])('refuse the gateway: %s', async (sql) => {
    expect(await sqlState(postgres.url('gateway'), sql, mine.organizationId)).toBe('42501')
  })

  test.each(['compliance', 'rag', 'llm', 'audit', 'audit_oversight', 'audit_eraser'])(
    'refuse %s everything in identity',
    async (role) => {
      for (const table of TABLES) {
        const sql = `SELECT 1 FROM identity.${table}`
        expect(await sqlState(postgres.url(role), sql), table).toBe('42501')
      }
      const lookup = "SELECT * FROM identity.find_account('admin@mine.test')"
      expect(await sqlState(postgres.url(role), lookup)).toBe('42501')
    },
  )

  test('keep operators in the deployment and everybody else out of it', async () => {
    const insert = (organizationId: string, role: string) => `
      INSERT INTO identity.account (organization_id, id, email, email_key, password_hash, role)
      VALUES ('${organizationId}', '${uuidv7()}', 'x', '${uuidv7()}', 'x', '${role}')`
    const url = postgres.url('gateway')
    const deployment = '00000000-0000-8000-8000-000000000000'
    const state = async (organizationId: string, role: string) =>
      sqlState(url, insert(organizationId, role), organizationId)
    expect(await state(mine.organizationId, 'operator')).toBe('23514')
    expect(await state(deployment, 'admin')).toBe('23514')
    expect(await state(deployment, 'operator')).toBe('ok')
  })
})

describe('the directory', () => {
  test('gives ids and nothing else', async () => {
    const ids = { organization_id: mine.organizationId, id: expect.any(String) as unknown }
    for (const [name, value] of [
      ['find_account', 'admin@mine.test'],
      ['find_api_key', 'lc_mine'],
      ['find_refresh_token', sha256('mine')],
    ] as const) {
      expect(await database.query(`SELECT * FROM identity.${name}($1)`, [value])).toEqual([ids])
    }
  })
})

describe('failed sign-ins', () => {
  test('are reported once a minute with their number, and counted on when that fails', async () => {
    const store = createPgAuthFailures(database)
    const { organizationId, accountId } = theirs
    await store.count(organizationId, accountId)
    await store.count(organizationId, accountId)
    expect(await store.due()).toContainEqual({ organizationId, accountId })

    const failing = store.report(organizationId, accountId, async () => {
      throw new Error('the log is away')
    })
    await expect(failing).rejects.toThrow()

    const reported: number[] = []
    const report = async () =>
      store.report(organizationId, accountId, async (count) => void reported.push(count))
    await Promise.all([report(), report(), report()])
    expect(reported).toEqual([3])

    await store.count(organizationId, accountId)
    await report()
    expect(reported).toEqual([3])
    expect(await store.due()).not.toContainEqual({ organizationId, accountId })
  })
})
