import { join } from 'node:path'
import { AppError, mib, uuidv7 } from '@lexcustis/core'
import { openDatabase, type Database } from '@lexcustis/postgres'
import { DocumentState, type IngestDocumentRequest } from '@lexcustis/proto/rag'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LancePassageIndex } from '../src/adapters/lance-index.js'
import { PgDocumentStore } from '../src/adapters/pg-document-store.js'
import { PgWorkStore } from '../src/adapters/pg-work-store.js'
import { deleteDocument } from '../src/domain/ingest/delete-document.js'
import { indexDocument } from '../src/domain/ingest/index-document.js'
import { readUpload } from '../src/domain/ingest/read-upload.js'
import { UploadBudget } from '../src/domain/ingest/upload-budget.js'
import { ClaimLost } from '../src/domain/ingest/work.js'
import { ParserPool } from '../src/parsing/parser-pool.js'
import { RagStack, searchFor, settled, store, upload } from './rag-stack.js'

let stack: RagStack
let database: Database

beforeEach(async () => {
  stack = await RagStack.start()
  database = openDatabase({ url: stack.postgres.url('rag'), name: 'test' })
})
afterEach(async () => {
  await database[Symbol.asyncDispose]()
  await stack[Symbol.asyncDispose]()
})

const TEXT = Array.from({ length: 300 }, (_, i) => `# Rule ${i}\n\nBadger number ${i} digs.`).join(
  '\n\n',
)

/** Stores a document as a replica does that ends right after it answered. */
async function queue(owner: string, bytes: string): Promise<string> {
  async function* parts() {
    const described = { replaces: '', language: '', datedAt: undefined, source: '' }
    yield { header: { id: uuidv7(), name: 'rules.md', mediaType: '', ...described } }
    yield { data: Buffer.from(bytes) }
  }
  const documents = new PgDocumentStore(database)
  const { document } = await documents.insert(
    owner,
    await readUpload(parts(), new UploadBudget(mib(60))),
  )
  return document.id
}

describe('a document whose worker was killed', () => {
  test.each(['while parsing', 'while indexing'])(
    '%s is finished by the next, each passage once',
    async (when) => {
      const owner = uuidv7()
      const id = await queue(owner, TEXT)
      const work = new PgWorkStore(database)
      const claim = await work.claim(300)
      const document = claim && (await work.open(claim))
      if (!claim || !document) throw new Error('nothing to claim')
      {
        await using index = await LancePassageIndex.open(join(stack.directory, 'lance'))
        if (when === 'while parsing') {
          const chunk = { ordinal: 7, headingPath: ['x'], start: 0, end: 1, page: 0, text: 'x' }
          await work.addChunks(claim, [{ ...chunk, id: uuidv7() }])
        } else {
          await using parser = new ParserPool({ timeoutMs: 20_000, memoryMb: 512 })
          await indexDocument({ work, index, parser, embedder: undefined })(
            claim,
            document,
            new AbortController().signal,
          )
          await index.commit(owner)
        }
      }
      const clients = stack.clients((await stack.replica()).port)
      const admin = await stack.as(owner)
      expect(await settled(clients, id, admin)).toMatchObject({
        state: DocumentState.READY,
        chunkCount: 300,
      })
      const { passages } = await clients.search.searchAll(
        searchFor({ query: 'badger digs', limit: 50 }),
        admin,
      )
      expect(passages).toHaveLength(50)
      expect(new Set(passages.map(({ chunkId }) => chunkId)).size).toBe(50)
      await using index = await LancePassageIndex.open(join(stack.directory, 'lance'))
      const query = { terms: ['badger'], embedding: undefined, filter: {}, limit: 1_000 }
      expect(await index.search(owner, query)).toHaveLength(300)
    },
  )

  test('is not given up to a worker that was only slow: that one loses its claim', async () => {
    await queue(uuidv7(), TEXT)
    const work = new PgWorkStore(database)
    const slow = await work.claim(1)
    await new Promise((resolve) => setTimeout(resolve, 20))
    const next = await work.claim(60_000)
    expect(next).toMatchObject({ documentId: slow?.documentId, attempt: 2 })
    for (const step of [
      async () => work.addChunks(slow!, []),
      async () => work.setEmbedding(slow!, ''),
      async () => work.setReady(slow!, 1, ''),
      async () => work.setFailed(slow!, 'x'),
      async () => work.renew(slow!, 1_000),
      async () => work.release(slow!, 0),
    ]) {
      await expect(step()).rejects.toBeInstanceOf(ClaimLost)
    }
    await expect(work.renew(next!, 60_000)).resolves.toBeUndefined()
  })

  test('again and again fails with a reason instead of being tried for ever', async () => {
    const owner = uuidv7()
    const id = await queue(owner, TEXT)
    const work = new PgWorkStore(database)
    for (let attempt = 1; attempt <= 5; attempt++) {
      expect(await work.claim(1)).toMatchObject({ attempt })
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    const clients = stack.clients((await stack.replica()).port)
    expect(await settled(clients, id, await stack.as(owner))).toMatchObject({
      state: DocumentState.FAILED,
      reason: 'could not be processed in 5 attempts',
    })
  })
})

describe('two replicas', () => {
  test('share the work, each document done once, and both find everything', async () => {
    const ports = [(await stack.replica()).port, (await stack.replica()).port]
    const [one, two] = ports.map((port) => stack.clients(port))
    const orgs = [uuidv7(), uuidv7()]
    const stored = await Promise.all(
      Array.from({ length: 24 }, async (_, i) => {
        const org = orgs[i % 2]!
        const bytes = `Heron ${i} stands in the water of lake number${i}.`
        return store(i % 3 ? one! : two!, await stack.as(org), { bytes })
      }),
    )
    for (const document of stored) {
      expect(document).toMatchObject({ state: DocumentState.READY, chunkCount: 1 })
    }
    for (const clients of [one!, two!]) {
      for (const [n, org] of orgs.entries()) {
        const { passages } = await clients.search.searchAll(
          searchFor({ query: 'heron', limit: 50 }),
          await stack.as(org),
        )
        const expected = stored.filter((_, i) => i % 2 === n).map(({ id }) => id)
        expect(passages.map(({ documentId }) => documentId).sort()).toEqual(expected.sort())
      }
    }
    const done = stack.logLines.filter((line) => line.includes('document ready'))
    expect(done).toHaveLength(24)
  })

  test('never claim the same document', async () => {
    const owner = uuidv7()
    for (let i = 0; i < 20; i++) await queue(owner, `Text ${i}`)
    const work = new PgWorkStore(database)
    const claims = await Promise.all(Array.from({ length: 30 }, async () => work.claim(60_000)))
    const ids = claims.flatMap((claim) => (claim ? [claim.documentId] : []))
    expect(new Set(ids).size).toBe(ids.length)
    while (await work.claim(60_000)) ids.push('later')
    expect(ids).toHaveLength(20)
  })
})

describe('a delete', () => {
  test('whose index does not answer is finished by a worker later', async () => {
    const owner = uuidv7()
    {
      const clients = stack.clients((await stack.replica()).port)
      await store(clients, await stack.as(owner), { bytes: 'Lynx prints.' })
    }
    const documents = new PgDocumentStore(database)
    const [document] = (await documents.list(owner, 1, undefined)).documents
    const failures: unknown[] = []
    const remove = deleteDocument({
      documents: { hide: documents.hide.bind(documents), forget: documents.forget.bind(documents) },
      index: {
        remove: async () => {
          throw new AppError('UNAVAILABLE', 'down')
        },
      },
      onLeftover: (error) => failures.push(error),
    })
    expect(await remove(owner, document!.id)).toBe(1)
    expect(failures).toHaveLength(1)
    const rows = async () =>
      database.tenant(owner, async (tx) => tx.query('SELECT id FROM rag.document'))
    await expect.poll(rows, { timeout: 10_000 }).toEqual([])
    await using index = await LancePassageIndex.open(join(stack.directory, 'lance'))
    const query = { terms: ['lynx'], embedding: undefined, filter: {}, limit: 5 }
    expect(await index.search(owner, query)).toEqual([])
  })

  test('while a worker is at it leaves nothing behind', async () => {
    const clients = stack.clients((await stack.replica({ leaseMs: 500 })).port)
    const owner = uuidv7()
    const admin = await stack.as(owner)
    for (let i = 0; i < 5; i++) {
      const { document } = await clients.documents.ingestDocument(upload({ bytes: TEXT }), admin)
      await new Promise((resolve) => setTimeout(resolve, 30 * i))
      await clients.documents.deleteDocument({ id: document!.id }, admin)
    }
    const count = async () =>
      (
        await database.tenant(owner, async (tx) =>
          tx.query(`SELECT id FROM rag.document UNION ALL SELECT id FROM rag.chunk
                    UNION ALL SELECT document_id FROM rag.document_part`),
        )
      ).length
    await expect.poll(count, { timeout: 15_000 }).toBe(0)
    await using index = await LancePassageIndex.open(join(stack.directory, 'lance'))
    await index.commit(owner)
    const query = { terms: ['badger'], embedding: undefined, filter: {}, limit: 5 }
    expect(await index.search(owner, query)).toEqual([])
  })
})

describe('an upload', () => {
  test('that is cut off ends at once and stores nothing', async () => {
    const replica = await stack.replica()
    const clients = stack.clients(replica.port)
    const admin = await stack.as(uuidv7())
    const abort = new AbortController()
    async function* half(): AsyncGenerator<IngestDocumentRequest> {
      yield* upload({ bytes: 'The first half of a contract' })
      await new Promise((resolve) => setTimeout(resolve, 100))
      abort.abort()
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    await expect(
      clients.documents.ingestDocument(half(), { ...admin, signal: abort.signal }),
    ).rejects.toMatchObject({ reason: 'CANCELLED' })
    // The call must also end in the service, or it would hold its bytes for ever.
    const finished = async () =>
      (await (await fetch(`http://127.0.0.1:${replica.metricsPort}/metrics`)).text())
        .split('\n')
        .filter((line) => line.startsWith('lexcustis_rpc_duration_seconds_count'))
        .find((line) => line.includes('IngestDocument'))
    await expect.poll(finished, { timeout: 5_000 }).toContain('reason="CANCELLED"')
    expect(
      (await clients.documents.listDocuments({ limit: 5, cursor: '' }, admin)).documents,
    ).toEqual([])
  })

  test('gets a clear refusal, one mistake at a time', async () => {
    const clients = stack.clients((await stack.replica()).port)
    const admin = await stack.as(uuidv7())
    async function* messages(...parts: IngestDocumentRequest['part'][]) {
      for (const part of parts) yield { part }
    }
    const described = { replaces: '', language: '', datedAt: undefined, source: '' }
    const header = { id: uuidv7(), name: 'a.txt', mediaType: '', ...described }
    const first = { $case: 'header', value: header } as const
    const data = { $case: 'data', value: Buffer.from('x') } as const
    const large = Buffer.alloc(mib(50) + 1, 'x')
    const cases: [AsyncIterable<IngestDocumentRequest>, string, RegExp][] = [
      [messages(), 'INVALID_INPUT', /header/],
      [messages(data, first), 'INVALID_INPUT', /header/],
      [messages(first, first), 'INVALID_INPUT', /twice/],
      [messages(undefined), 'INVALID_INPUT', /neither/],
      [upload({ bytes: '' }), 'INVALID_INPUT', /empty/],
      [upload({ bytes: Buffer.from([0x61, 0xff]) }), 'INVALID_INPUT', /UTF-8/],
      [upload({ bytes: 'a\0' }), 'INVALID_INPUT', /NUL/],
      [upload({ bytes: 'x', name: 'x'.repeat(256) }), 'INVALID_INPUT', /255/],
      [upload({ bytes: 'x', id: 'x' }), 'INVALID_INPUT', /UUIDv7/],
      [upload({ bytes: 'x', name: 'a.pdf' }), 'UNSUPPORTED_MEDIA_TYPE', /application\/pdf/],
      [upload({ bytes: 'x', mediaType: 'image/png' }), 'UNSUPPORTED_MEDIA_TYPE', /accepted are/],
      [upload({ bytes: large }), 'PAYLOAD_TOO_LARGE', /50 MiB/],
    ]
    for (const [requests, reason, message] of cases) {
      const error = await clients.documents
        .ingestDocument(requests, admin)
        .then(() => new Error('accepted'))
        .catch((failure: unknown) => failure as Error)
      expect(error).toMatchObject({ reason })
      expect(error.message).toMatch(message)
    }
    expect(
      (await clients.documents.listDocuments({ limit: 5, cursor: '' }, admin)).documents,
    ).toEqual([])
    for (const request of [
      { limit: 0, cursor: '' },
      { limit: 201, cursor: '' },
      { limit: 5, cursor: "' OR 1=1" },
    ]) {
      await expect(clients.documents.listDocuments(request, admin)).rejects.toMatchObject({
        reason: 'INVALID_INPUT',
      })
    }
  })
})

test('readiness says what there is and what is missing; without a database it is not ready', async () => {
  const { metricsPort } = await stack.replica()
  const ready = async () => {
    const response = await fetch(`http://127.0.0.1:${metricsPort}/readyz`)
    return { code: response.status, body: await response.json() }
  }
  expect(await ready()).toMatchObject({
    code: 200,
    body: {
      status: 'degraded',
      checks: [
        { name: 'database', status: 'ready' },
        { name: 'index', status: 'ready' },
        { name: 'embeddings', status: 'degraded', detail: expect.stringMatching(/BM25/) as string },
      ],
    },
  })
  await stack.postgres.kill()
  expect(await ready()).toMatchObject({ code: 503, body: { status: 'not_ready' } })
})
