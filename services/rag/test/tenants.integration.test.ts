import { uuidv7 } from '@lexcustis/core'
import { openDatabase, type Database } from '@lexcustis/postgres'
import { createTestCertificates, createTestTenantKeys } from '@lexcustis/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SHARED_OWNER } from '../src/domain/collection.js'
import { RagStack, type RagClients, searchFor, store, upload } from './rag-stack.js'

let stack: RagStack
let clients: RagClients
let port: number
let database: Database
const [A, B] = [uuidv7(), uuidv7()]
const secret = { a: 'Project Albatross ships in May.', b: 'Project Albatross was cancelled.' }
const id = { a: '', b: '' }

beforeAll(async () => {
  stack = await RagStack.start()
  port = (await stack.replica()).port
  clients = stack.clients(port)
  database = openDatabase({ url: stack.postgres.url('rag'), name: 'test' })
  id.a = (await store(clients, await stack.as(A), { bytes: secret.a, name: 'a.txt' })).id
  id.b = (await store(clients, await stack.as(B), { bytes: secret.b, name: 'b.txt' })).id
})
afterAll(async () => {
  await database[Symbol.asyncDispose]()
  await stack[Symbol.asyncDispose]()
})

describe('two organisations', () => {
  test('never find each other’s passages, not even by naming the document', async () => {
    const texts = async (org: string, documentIds: string[]) =>
      (
        await clients.search.searchAll(
          searchFor({ query: 'Project Albatross', limit: 50, documentIds }),
          await stack.as(org, 'member'),
        )
      ).passages.map(({ text }) => text)
    expect(await texts(A, [])).toEqual([secret.a])
    expect(await texts(B, [])).toEqual([secret.b])
    expect(await texts(A, [id.b])).toEqual([])
    expect(await texts(A, [id.a, id.b])).toEqual([secret.a])
  })

  test('get for a foreign id exactly what they get for an unknown one', async () => {
    const admin = await stack.as(A)
    for (const call of [clients.documents.getDocument, clients.documents.deleteDocument]) {
      const answers = await Promise.all(
        [id.b, uuidv7(), 'no-uuid'].map(async (unknown) =>
          call({ id: unknown }, admin).catch((error: unknown) => error as Error),
        ),
      )
      for (const answer of answers) {
        expect(answer).toMatchObject({ reason: 'NOT_FOUND', message: 'there is no such document' })
      }
    }
    const page = await clients.documents.listDocuments({ limit: 200, cursor: '' }, admin)
    expect(page.documents.map((document) => document.id)).toEqual([id.a])
  })

  test('may use the same id without learning of it', async () => {
    const same = await store(clients, await stack.as(A), { id: id.b, bytes: 'Something else.' })
    expect(same.id).toBe(id.b)
    await clients.documents.deleteDocument({ id: id.b }, await stack.as(A))
    expect(
      (await clients.documents.getDocument({ id: id.b }, await stack.as(B))).document?.name,
    ).toBe('b.txt')
    const { passages } = await clients.search.searchAll(
      searchFor({ query: 'Albatross', limit: 5 }),
      await stack.as(B),
    )
    expect(passages).toHaveLength(1)
  })

  test.each(['document', 'document_part', 'chunk'])(
    'stay apart in rag.%s when the statement has no filter of its own',
    async (table) => {
      const owners = async (tenant: string) =>
        (
          await database.tenant(tenant, async (tx) =>
            tx.query<{ organization_id: string }>(`SELECT organization_id FROM rag.${table}`),
          )
        ).map((row) => row.organization_id)
      expect(new Set(await owners(A))).toEqual(new Set([A]))
      expect(new Set(await owners(B))).toEqual(new Set([B]))
      expect(await owners(uuidv7())).toEqual([])
      expect(await database.query(`SELECT organization_id FROM rag.${table}`)).toEqual([])
      await database.tenant(A, async (tx) =>
        tx.query(`DELETE FROM rag.${table}
        WHERE organization_id <> '${A}'`),
      )
      expect(await owners(B)).not.toEqual([])
    },
  )

  test('cannot write rows of another owner, the shared one included', async () => {
    for (const owner of [B, SHARED_OWNER]) {
      await expect(
        database.tenant(A, async (tx) =>
          tx.query(
            `INSERT INTO rag.document (organization_id, id, name, media_type, size_bytes, sha256)
             VALUES ($1, $2, 'x', 'text/plain', 1, sha256('x'))`,
            [owner, uuidv7()],
          ),
        ),
      ).rejects.toMatchObject({ cause: { code: '42501' } })
    }
  })
})

describe('the role of this service', () => {
  test.each([
    "UPDATE rag.document SET name = 'x'",
    "UPDATE rag.document SET sha256 = sha256('x')",
    'UPDATE rag.document SET organization_id = gen_random_uuid()',
    "UPDATE rag.document_part SET bytes = 'x'",
    "UPDATE rag.chunk SET text = 'x'",
    'TRUNCATE rag.chunk',
    'DROP TABLE rag.chunk',
    'ALTER TABLE rag.document DISABLE ROW LEVEL SECURITY',
    'CREATE TABLE rag.more (id int)',
    'SET ROLE lexcustis_owner',
    'SELECT name FROM rag.schema_migration',
  ])('may not: %s', async (statement) => {
    await expect(database.tenant(A, async (tx) => tx.query(statement))).rejects.toMatchObject({
      cause: { code: '42501' },
    })
  })

  test('gets ids and nothing else from the functions that see all organisations', async () => {
    const rows = await database.query(
      `SELECT p.proargnames, p.prosecdef, p.proconfig FROM pg_proc AS p
       WHERE p.pronamespace = 'rag'::regnamespace ORDER BY p.proname`,
    )
    expect(rows).toEqual([
      {
        proargnames: ['lease_ms', 'organization_id', 'document_id', 'attempt'],
        prosecdef: true,
        proconfig: ['search_path=""'],
      },
      {
        proargnames: ['lease_ms', 'model', 'organization_id', 'document_id', 'attempt'],
        prosecdef: true,
        proconfig: ['search_path=""'],
      },
    ])
  })
})

describe('a caller', () => {
  const search = searchFor({ query: 'Albatross', limit: 5 })

  test('without a valid token for this service is not authenticated', async () => {
    const foreign = await createTestTenantKeys()
    const tenant = {
      organizationId: A,
      userId: uuidv7(),
      userRole: 'admin',
      kind: 'user',
      via: 'jwt',
    } as const
    for (const tenantToken of [
      undefined,
      'nonsense',
      (await stack.as(A, 'admin', 'audit')).tenantToken,
      await foreign.sign(tenant, 'rag'),
    ]) {
      await expect(clients.search.searchAll(search, { tenantToken })).rejects.toMatchObject({
        reason: 'UNAUTHENTICATED',
      })
    }
  })

  test('is refused what its certificate may not call', async () => {
    const admin = await stack.as(A)
    const compliance = stack.clients(port, 'compliance')
    expect((await compliance.search.searchAll(search, admin)).passages).toHaveLength(1)
    const llm = stack.clients(port, 'llm')
    const page = { limit: 5, cursor: '' }
    for (const call of [
      async () => llm.search.searchAll(search, admin),
      async () => llm.documents.listDocuments(page, admin),
      async () => compliance.documents.listDocuments(page, admin),
      async () => compliance.knowledge.listShared(page, admin),
    ]) {
      await expect(call()).rejects.toMatchObject({ reason: 'FORBIDDEN' })
    }
  })

  test('with a certificate of another authority gets nowhere', async () => {
    const other = await createTestCertificates(['gateway'])
    const { createRpcClient } = await import('@lexcustis/rpc')
    const { SearchDefinition } = await import('@lexcustis/proto/rag')
    using client = createRpcClient(SearchDefinition, {
      address: `127.0.0.1:${port}`,
      peer: 'rag',
      tls: { ...other.identity('gateway'), ca: stack.certificates.ca },
    })
    await expect(client.searchAll(search, await stack.as(A))).rejects.toMatchObject({
      reason: 'UNAVAILABLE',
    })
  })

  test.each([
    ['member', ['search', 'list']],
    ['auditor', ['search', 'list']],
    ['reviewer', ['search', 'list', 'ingest', 'delete']],
    ['admin', ['search', 'list', 'ingest', 'delete']],
    ['operator', ['import']],
  ] as const)('as %s may do what the role table says and no more', async (role, allowed) => {
    const context = await stack.as(uuidv7(), role)
    const attempts = {
      search: async () => clients.search.searchAll(search, context),
      list: async () => clients.documents.listDocuments({ limit: 1, cursor: '' }, context),
      ingest: async () => clients.documents.ingestDocument(upload({ bytes: 'x' }), context),
      delete: async () => clients.documents.deleteDocument({ id: uuidv7() }, context),
      import: async () => clients.knowledge.importShared(upload({ bytes: 'x' }), context),
    }
    const may: string[] = []
    for (const [name, call] of Object.entries(attempts)) {
      const reason = await call().then(
        () => 'OK',
        (error: unknown) => (error as { reason: string }).reason,
      )
      if (reason !== 'FORBIDDEN') may.push(name)
    }
    expect(may).toEqual(allowed)
  })
})

test('a token that names the shared knowledge base as its organisation gets nothing of it', async () => {
  const context = await stack.as(SHARED_OWNER)
  for (const call of [
    async () => clients.search.searchAll(searchFor({ query: 'x', limit: 1 }), context),
    async () => clients.documents.listDocuments({ limit: 1, cursor: '' }, context),
    async () => clients.documents.ingestDocument(upload({ bytes: 'x' }), context),
    async () => clients.documents.deleteDocument({ id: uuidv7() }, context),
  ]) {
    await expect(call()).rejects.toMatchObject({ reason: 'FORBIDDEN' })
  }
})

test('no log line holds a name, a text or a query', () => {
  expect(stack.logLines.join('')).toContain('document ready')
  expect(stack.logLines.join('')).not.toMatch(/albatross|a\.txt|b\.txt/i)
})
