import { uuidv7 } from '@lexcustis/core'
import { type Database } from '@lexcustis/postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { append, type AuditDatabase, input, startAuditDatabase } from './audit-database.js'

let database: AuditDatabase
const [ours, theirs] = [uuidv7(), uuidv7()]
/** Role → its connection; `owner` is the migrator after SET ROLE. */
const roles = new Map<string, Database>()

const LOGINS = [
  'gateway',
  'compliance',
  'rag',
  'llm',
  'audit',
  'audit_oversight',
  'audit_eraser',
  'audit_retention',
  'migrator',
] as const
const TABLES = [
  'audit_logs',
  'audit_logs_p00',
  'audit_logs_p15',
  'audit_log_oversight',
  'audit_content',
  'audit_subject',
  'audit_subject_key',
  'audit_erasure',
  'audit_retention_policy',
  'audit_pruning',
] as const
const CHANGES: Readonly<Record<string, (table: string) => string>> = {
  SELECT: (table) => `SELECT organization_id FROM audit.${table}`,
  INSERT: (table) => `INSERT INTO audit.${table} (organization_id) VALUES ('${ours}')`,
  UPDATE: (table) => `UPDATE audit.${table} SET organization_id = organization_id`,
  DELETE: (table) => `DELETE FROM audit.${table}`,
  TRUNCATE: (table) => `TRUNCATE audit.${table}`,
}

/** What each role may do, all of it; everything else must be refused. */
const GRANTED: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  audit: {
    audit_logs: ['SELECT', 'INSERT'],
    audit_content: ['SELECT', 'INSERT'],
    audit_subject: ['SELECT', 'INSERT'],
    audit_subject_key: ['SELECT', 'INSERT'],
    audit_erasure: ['SELECT', 'INSERT'],
    audit_retention_policy: ['SELECT', 'INSERT'],
    audit_pruning: ['SELECT', 'INSERT'],
  },
  audit_oversight: { audit_log_oversight: ['SELECT', 'INSERT', 'UPDATE'] },
  audit_eraser: {
    audit_content: ['SELECT', 'DELETE'],
    audit_subject: ['SELECT', 'DELETE'],
    audit_subject_key: ['SELECT', 'DELETE'],
  },
  // DELETE reaches the trigger on the rows, which lets none go that is not pruned: see below.
  audit_retention: { audit_logs: ['SELECT', 'DELETE'], audit_pruning: ['SELECT'] },
}

beforeAll(async () => {
  database = await startAuditDatabase()
  const log = database.open()
  const content = [{ field: 'prompt' as const, value: 'x' }]
  for (const org of [ours, theirs]) await append(log, org, input({ content }))
  for (const role of LOGINS) roles.set(role, database.as(role))
})
afterAll(async () => database[Symbol.asyncDispose]())

/** SQLSTATE of the statement in a transaction that is rolled back, or undefined when it ran. */
async function sqlstate(db: Database, sql: string, prepare?: string): Promise<string | undefined> {
  const undo = new Error('undo')
  const error: unknown = await db
    .tenant(ours, async (tx) => {
      if (prepare) await tx.query(prepare)
      await tx.query(sql)
      throw undo
    })
    .catch((thrown: unknown) => (thrown === undo ? undo : (thrown as Error).cause))
  return error === undo ? undefined : (error as { code?: string }).code
}

const forbidden = LOGINS.flatMap((role) =>
  TABLES.flatMap((table) =>
    Object.keys(CHANGES)
      .filter((verb) => !GRANTED[role]?.[table]?.includes(verb))
      .map((verb) => [role, verb, table] as const),
  ),
)

describe('refused with 42501', () => {
  test.each(forbidden)('%s: %s on %s', async (role, verb, table) => {
    expect(await sqlstate(roles.get(role)!, CHANGES[verb]!(table))).toBe('42501')
  })

  test.each(
    (['audit_logs', 'audit_logs_p00', 'audit_logs_p15'] as const).flatMap((table) =>
      ['UPDATE', 'DELETE', 'TRUNCATE'].map((verb) => [verb, table] as const),
    ),
  )(
    'the owner and a superuser: %s on %s, even when it would touch nothing',
    async (verb, table) => {
      const sql = CHANGES[verb]!(table)
      const owner = roles.get('migrator')!
      expect(await sqlstate(owner, sql, 'SET ROLE lexcustis_owner')).toBe('42501')
      expect(await sqlstate(database.superuser, sql)).toBe('42501')
      if (verb === 'TRUNCATE') return
      expect(await sqlstate(database.superuser, `${sql} WHERE false`)).toBe('42501')
      const error: unknown = await database.superuser
        .query(sql)
        .catch((e: unknown) => (e as Error).cause)
      expect((error as Error).message).toBe('audit_logs is append-only')
    },
  )

  test.each([
    [
      'a row into a partition',
      `INSERT INTO audit.audit_logs_p03 SELECT l.organization_id, l.incarnation, l.sequence_number, l.id, l.type, l.ref, l.occurred_at, l.recorded_at, l.ends_by, l.canonical, l.leaf, l.mac FROM audit.audit_logs AS l`,
    ],
    [
      'MERGE',
      `MERGE INTO audit.audit_logs AS l USING (SELECT 1) AS s ON l.organization_id = '${ours}' WHEN MATCHED THEN DELETE`,
    ],
    [
      'ON CONFLICT DO UPDATE',
      `INSERT INTO audit.audit_logs AS l SELECT o.organization_id, o.incarnation, o.sequence_number, o.id, o.type, o.ref, o.occurred_at, o.recorded_at, o.ends_by, o.canonical, o.leaf, o.mac FROM audit.audit_logs AS o ON CONFLICT (organization_id, id) DO UPDATE SET type = 'x'`,
    ],
    ['row locks', 'SELECT id FROM audit.audit_logs FOR UPDATE'],
    ['dropping the table', 'DROP TABLE audit.audit_logs'],
    ['detaching a partition', 'ALTER TABLE audit.audit_logs DETACH PARTITION audit.audit_logs_p03'],
    ['disabling the trigger', 'ALTER TABLE audit.audit_logs DISABLE TRIGGER USER'],
    ['disabling row-level security', 'ALTER TABLE audit.audit_logs DISABLE ROW LEVEL SECURITY'],
    ['another policy', 'CREATE POLICY hole ON audit.audit_logs USING (true)'],
    [
      'replacing the trigger function',
      'CREATE OR REPLACE FUNCTION audit.refuse_change() RETURNS trigger LANGUAGE sql AS $$ SELECT NULL $$',
    ],
    ['a table of its own', 'CREATE TABLE audit.mine (id int)'],
    ['granting itself more', 'GRANT DELETE ON audit.audit_logs TO lexcustis_audit'],
    ['becoming the owner', 'SET ROLE lexcustis_owner'],
    ['switching triggers off', `SET session_replication_role = 'replica'`],
  ])('the service itself: %s', async (_, sql) => {
    // GRANT by somebody who may not is a warning (0LP01 or nothing); what counts is that it has no effect.
    const state = await sqlstate(roles.get('audit')!, sql)
    if (!sql.startsWith('GRANT')) expect(state).toBe('42501')
    expect(await sqlstate(roles.get('audit')!, 'DELETE FROM audit.audit_logs')).toBe('42501')
  })

  test.each([
    'gateway',
    'compliance',
    'rag',
    'llm',
    'audit_eraser',
    'audit_oversight',
    'audit_retention',
  ])('%s: the functions that see all organisations', async (role) => {
    for (const sql of [
      `SELECT id FROM audit.overdue_starts('', '9', 1)`,
      `SELECT organization_id FROM audit.retained_organizations('${ours}', 1)`,
    ]) {
      expect(await sqlstate(roles.get(role)!, sql)).toBe('42501')
    }
  })

  test.each([
    'DELETE FROM audit.audit_logs',
    `DELETE FROM audit.audit_logs WHERE type = 'chain.genesis'`,
    `DELETE FROM audit.audit_logs WHERE type = 'document.ingested'`,
    `MERGE INTO audit.audit_logs AS l USING (SELECT 1) AS s ON l.organization_id = '${ours}' WHEN MATCHED THEN DELETE`,
    'DELETE FROM audit.audit_logs_p03',
    'SELECT id FROM audit.audit_logs FOR UPDATE',
    'ALTER TABLE audit.audit_logs DISABLE TRIGGER append_only_row',
    `SET session_replication_role = 'replica'`,
    'SET ROLE lexcustis_owner',
  ])('the retention of a log that nobody pruned: %s', async (sql) => {
    expect(await sqlstate(roles.get('audit_retention')!, sql)).toBe('42501')
  })

  test('a superuser in the role of the retention, because it is not its session', async () => {
    const error: unknown = await database.superuser
      .transaction(async (tx) => {
        await tx.query('SET LOCAL ROLE lexcustis_audit_retention')
        await tx.query(`SELECT set_config('app.organization_id', $1, true)`, [ours])
        await tx.query('DELETE FROM audit.audit_logs')
      })
      .catch((thrown: unknown) => (thrown as Error).cause)
    expect(error).toMatchObject({ code: '42501', message: 'audit_logs is append-only' })
  })

  test.each(['audit_retention_policy', 'audit_pruning'])(
    'the owner and a superuser: what is in %s is not changed, not deleted',
    async (table) => {
      for (const verb of ['UPDATE', 'DELETE', 'TRUNCATE']) {
        const sql = CHANGES[verb]!(table)
        expect(await sqlstate(roles.get('migrator')!, sql, 'SET ROLE lexcustis_owner')).toBe(
          '42501',
        )
        expect(await sqlstate(database.superuser, sql)).toBe('42501')
      }
    },
  )
})

describe('row-level security, with the filter of the application removed', () => {
  const tables = ['audit_logs', 'audit_content', 'audit_subject', 'audit_subject_key']

  test.each(tables)('%s shows the organisation of the transaction and no other', async (table) => {
    const sql = `SELECT DISTINCT organization_id FROM audit.${table}`
    const seen = await roles.get('audit')!.tenant(ours, async (tx) => tx.query(sql))
    expect(seen).toEqual([{ organization_id: ours }])
  })

  test.each(tables)('%s is empty without one, and that is no error', async (table) => {
    const sql = `SELECT organization_id FROM audit.${table}`
    expect(await roles.get('audit')!.query(sql)).toEqual([])
    expect(await roles.get('audit')!.transaction(async (tx) => tx.query(sql))).toEqual([])
  })

  test.each(tables)('nothing can be written into another organisation: %s', async (table) => {
    const columns = await database.superuser.query<{ column_name: string }>(
      `SELECT column_name FROM information_schema.columns
       WHERE table_schema = 'audit' AND table_name = $1 ORDER BY ordinal_position`,
      [table],
    )
    const names = columns.map(({ column_name: name }) => name)
    const values = names.map((name) => (name === 'organization_id' ? `'${theirs}'` : name))
    const sql = `INSERT INTO audit.${table} (${names.join(', ')}) SELECT ${values.join(', ')} FROM audit.${table}`
    expect(await sqlstate(roles.get('audit')!, sql)).toBe('42501')
  })

  test('the eraser deletes nothing of another organisation', async () => {
    const erase = 'DELETE FROM audit.audit_content RETURNING organization_id'
    const deleted = await roles.get('audit_eraser')!.tenant(ours, async (tx) => tx.query(erase))
    expect(deleted).toEqual([{ organization_id: ours }])
    const left = await database.superuser.query('SELECT organization_id FROM audit.audit_content')
    expect(left).toEqual([{ organization_id: theirs }])
  })

  test('every table and partition has it, forced, with a policy; every part of the log its trigger', async () => {
    const rows = await database.superuser.query<{ relname: string }>(`
      SELECT c.relname FROM pg_class AS c
      WHERE c.relnamespace = 'audit'::regnamespace AND c.relkind IN ('r', 'p')
        AND c.relname <> 'schema_migration'
        AND NOT (
          c.relrowsecurity AND c.relforcerowsecurity
          AND EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid)
          AND (c.relname NOT LIKE 'audit_logs%' OR EXISTS (
            SELECT FROM pg_trigger AS t WHERE t.tgrelid = c.oid AND t.tgname = 'append_only'))
          AND (c.relname NOT LIKE 'audit_logs%' OR EXISTS (
            SELECT FROM pg_trigger AS t WHERE t.tgrelid = c.oid AND t.tgname = 'append_only_row'))
        )`)
    expect(rows).toEqual([])
  })

  test('no foreign key leads from the log to anything', async () => {
    const rows = await database.superuser.query(`
      SELECT conname FROM pg_constraint
      WHERE contype = 'f' AND conrelid::regclass::text LIKE 'audit.audit_logs%'`)
    expect(rows).toEqual([])
  })
})

test('oversight refers to a record of the log, once, and can be changed', async () => {
  const oversight = roles.get('audit_oversight')!
  const [record] = await database.superuser.query<{ id: string }>(
    'SELECT id FROM audit.audit_logs WHERE organization_id = $1 AND sequence_number = 1',
    [ours],
  )
  const insert = `INSERT INTO audit.audit_log_oversight
    (organization_id, audit_log_id, decision, decided_by_record, decided_at)
    VALUES ($1, $2, 'accept', $2, now())`
  await oversight.tenant(ours, async (tx) => tx.query(insert, [ours, record?.id]))
  await expect(
    oversight.tenant(ours, async (tx) => tx.query(insert, [ours, record?.id])),
  ).rejects.toMatchObject({ cause: { code: '23505' } })
  await expect(
    oversight.tenant(ours, async (tx) => tx.query(insert, [ours, uuidv7()])),
  ).rejects.toMatchObject({ cause: { code: '23503' } })
  const changed = await oversight.tenant(ours, async (tx) =>
    tx.query(`UPDATE audit.audit_log_oversight SET decision = 'reject' RETURNING decision`),
  )
  expect(changed).toEqual([{ decision: 'reject' }])
})
