import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AppError, uuidv7 } from '@lexcustis/core'
import { startTestPostgres } from '@lexcustis/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Database, isUniqueViolation, migrate, openDatabase } from '../src/index.js'

const MIGRATION = `
CREATE TABLE rag.note (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  size bigint NOT NULL,
  PRIMARY KEY (organization_id, id)
);
ALTER TABLE rag.note ENABLE ROW LEVEL SECURITY;
ALTER TABLE rag.note FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON rag.note
  USING (organization_id = nullif(current_setting('app.organization_id', true), '')::uuid);
GRANT SELECT, INSERT ON rag.note TO lexcustis_rag;
`

let postgres: Awaited<ReturnType<typeof startTestPostgres>>
let db: Database
const [ours, theirs] = [uuidv7(), uuidv7()]
const insert = 'INSERT INTO rag.note (organization_id, id, size) VALUES ($1, $2, $3)'

beforeAll(async () => {
  postgres = await startTestPostgres()
  const directory = mkdtempSync(join(tmpdir(), 'lexcustis-migrations-'))
  writeFileSync(join(directory, '0001_create_note.sql'), MIGRATION)
  const url = postgres.url('lexcustis_migrator')
  expect(await migrate({ url, schema: 'rag', directory })).toEqual(['0001_create_note'])
  expect(await migrate({ url, schema: 'rag', directory })).toEqual([])
  db = openDatabase({ url: postgres.url('lexcustis_rag'), name: 'test' })
})
afterAll(async () => {
  await db[Symbol.asyncDispose]()
  await postgres[Symbol.asyncDispose]()
})

describe('tenant transactions', () => {
  test('see their own organisation only, without a filter of their own', async () => {
    await db.tenant(ours, async (tx) => tx.query(insert, [ours, uuidv7(), 2n ** 62n]))
    await db.tenant(theirs, async (tx) => tx.query(insert, [theirs, uuidv7(), 1n]))
    const rows = await db.tenant(ours, async (tx) =>
      tx.query('SELECT organization_id, size FROM rag.note'),
    )
    expect(rows).toEqual([{ organization_id: ours, size: 2n ** 62n }])
  })

  test('without a tenant a tenant table looks empty, on a connection that had one before', async () => {
    expect(await db.query('SELECT id FROM rag.note')).toEqual([])
    expect(await db.transaction(async (tx) => tx.query('SELECT id FROM rag.note'))).toEqual([])
  })

  test('cannot write into another organisation', async () => {
    const forged = db.tenant(ours, async (tx) => tx.query(insert, [theirs, uuidv7(), 1n]))
    await expect(forged).rejects.toMatchObject({ reason: 'INTERNAL', cause: { code: '42501' } })
  })

  test('an error rolls everything back and the connection goes on', async () => {
    const id = uuidv7()
    const failed = db.tenant(ours, async (tx) => {
      await tx.query(insert, [ours, id, 1n])
      throw new AppError('CONFLICT', 'no')
    })
    await expect(failed).rejects.toMatchObject({ reason: 'CONFLICT' })
    const count = await db.tenant(ours, async (tx) =>
      tx.query('SELECT id FROM rag.note WHERE id = $1', [id]),
    )
    expect(count).toEqual([])
  })
})

describe('errors', () => {
  test('a duplicate is a CONFLICT that says nothing of the row', async () => {
    const id = uuidv7()
    const twice = async () => db.tenant(ours, async (tx) => tx.query(insert, [ours, id, 1n]))
    await twice()
    const error = await twice().catch((e: unknown) => e as AppError)
    expect(error).toMatchObject({ reason: 'CONFLICT' })
    expect(isUniqueViolation(error, 'note_pkey')).toBe(true)
    expect((error as AppError).message).not.toContain(id)
  })

  test('a killed connection is UNAVAILABLE, and the next transaction works', async () => {
    const lost = db.transaction(async (tx) =>
      tx.query('SELECT pg_terminate_backend(pg_backend_pid())'),
    )
    await expect(lost).rejects.toMatchObject({ reason: 'UNAVAILABLE' })
    await db.ping()
  })

  test('a frozen server is UNAVAILABLE in time, and the pool recovers with it', async () => {
    await using impatient = openDatabase({
      url: postgres.url('lexcustis_rag'),
      name: 'impatient',
      statementTimeoutMs: 100,
    })
    await impatient.ping()
    await postgres.kill('SIGSTOP')
    const frozen = impatient.tenant(ours, async (tx) => tx.query('SELECT id FROM rag.note'))
    await expect(frozen).rejects.toMatchObject({ reason: 'UNAVAILABLE' })
    await postgres.kill('SIGCONT')
    await impatient.ping()
  })

  test('an id that is no UUID never reaches SQL', async () => {
    const forged = db.tenant("x'; DROP TABLE rag.note; --", async (tx) => tx.query('SELECT 1'))
    await expect(forged).rejects.toMatchObject({ reason: 'INTERNAL' })
  })

  test('the role of a service cannot change the schema', async () => {
    await expect(db.query('CREATE TABLE rag.other (id int)')).rejects.toMatchObject({
      cause: { code: '42501' },
    })
    await expect(db.query('DELETE FROM rag.note')).rejects.toMatchObject({
      cause: { code: '42501' },
    })
  })
})
