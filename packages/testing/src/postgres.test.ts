import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase } from '@lexcustis/postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestPostgres, type TestPostgres } from './postgres.js'

describe('a throw-away PostgreSQL', () => {
  let postgres: TestPostgres
  beforeAll(async () => {
    postgres = await startTestPostgres()
  })
  afterAll(async () => {
    await postgres[Symbol.asyncDispose]()
  })

  test('has every role, none with a right over the others', async () => {
    await using database = openDatabase({ url: postgres.superuserUrl, name: 'test' })
    const rows = await database.query<{ rolname: string }>(
      `SELECT rolname FROM pg_roles
       WHERE rolname LIKE 'lexcustis%' AND NOT (rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole)
       ORDER BY rolname`,
    )
    expect(rows.map(({ rolname }) => rolname)).toEqual([
      'lexcustis_audit',
      'lexcustis_audit_eraser',
      'lexcustis_audit_oversight',
      'lexcustis_audit_retention',
      'lexcustis_compliance',
      'lexcustis_gateway',
      'lexcustis_llm',
      'lexcustis_migrator',
      'lexcustis_owner',
      'lexcustis_rag',
    ])
  })

  test.each(['gateway', 'compliance', 'rag', 'llm', 'audit'])(
    'lets %s create nothing, anywhere',
    async (role) => {
      await using database = openDatabase({ url: postgres.url(role), name: 'test' })
      for (const schema of ['public', 'identity', 'compliance', 'rag', 'llm', 'audit']) {
        await expect(database.query(`CREATE TABLE ${schema}.x (a int)`)).rejects.toMatchObject({
          cause: { code: '42501' },
        })
      }
      await expect(database.query('SET ROLE lexcustis_owner')).rejects.toMatchObject({
        cause: { code: '42501' },
      })
    },
  )

  test('migrates as the owner, whose functions nobody may call unless told', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'migrations-'))
    await writeFile(
      join(directory, '0001_create_note.sql'),
      `CREATE TABLE llm.note (id int);
       GRANT SELECT ON llm.note TO lexcustis_llm;
       CREATE FUNCTION llm.secret() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';`,
    )
    expect(await postgres.migrate('llm', directory)).toEqual(['0001_create_note'])
    expect(await postgres.migrate('llm', directory)).toEqual([])
    await rm(directory, { recursive: true })
    await using database = openDatabase({ url: postgres.url('lexcustis_llm'), name: 'test' })
    expect(await database.query('SELECT id FROM llm.note')).toEqual([])
    await expect(database.query('SELECT llm.secret()')).rejects.toMatchObject({
      cause: { code: '42501' },
    })
    await using other = openDatabase({ url: postgres.url('rag'), name: 'test' })
    await expect(other.query('SELECT id FROM llm.note')).rejects.toMatchObject({
      cause: { code: '42501' },
    })
  })

  test('comes back after kill -9 with what was committed', async () => {
    await using database = openDatabase({ url: postgres.superuserUrl, name: 'test' })
    await database.query('CREATE TABLE kept AS SELECT 42 AS answer')
    await postgres.kill('SIGKILL')
    await expect(database.query('SELECT answer FROM kept')).rejects.toMatchObject({
      reason: 'UNAVAILABLE',
    })
    await postgres.start()
    expect(await database.query('SELECT answer FROM kept')).toEqual([{ answer: 42 }])
  })

  test('can be frozen: who asks waits, and gets the answer later', async () => {
    await using database = openDatabase({ url: postgres.superuserUrl, name: 'test' })
    await database.ping()
    await postgres.kill('SIGSTOP')
    let hasAnswered = false
    const answer = database.ping().then(() => (hasAnswered = true))
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(hasAnswered).toBe(false)
    await postgres.kill('SIGCONT')
    await answer
  })

  test('many start at once, each with its own data', async () => {
    const servers = await Promise.all([startTestPostgres(), startTestPostgres({ durable: true })])
    try {
      expect(new Set(servers.map(({ port }) => port)).size).toBe(2)
      const [forgetful, durable] = await Promise.all(
        servers.map(async ({ superuserUrl }) => {
          await using database = openDatabase({ url: superuserUrl, name: 'test' })
          return await database.query("SELECT current_setting('fsync') AS fsync")
        }),
      )
      expect(forgetful).toEqual([{ fsync: 'off' }])
      expect(durable).toEqual([{ fsync: 'on' }])
    } finally {
      await Promise.all(servers.map(async (server) => server[Symbol.asyncDispose]()))
    }
  })
})
