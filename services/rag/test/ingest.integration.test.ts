import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { uuidv7 } from '@lexcustis/core'
import { Collection, DocumentState, Retrieval } from '@lexcustis/proto/rag'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RagStack, type RagClients, searchFor, settled, store, upload } from './rag-stack.js'

const AI_ACT = new URL('../../../../shared/data/legal-kb/ai_act_oj_2024.en.md', import.meta.url)

let stack: RagStack
let clients: RagClients

beforeAll(async () => {
  stack = await RagStack.start()
  clients = stack.clients((await stack.replica()).port)
})
afterAll(async () => stack[Symbol.asyncDispose]())

const find = async (org: string, query: string, documentIds: string[] = [], limit = 0) =>
  clients.search.searchAll(searchFor({ query, limit, documentIds }), await stack.as(org, 'member'))

describe('a document', () => {
  test('is durable and queued when ingest answers, and ready and searchable soon after', async () => {
    const org = uuidv7()
    const admin = await stack.as(org)
    const id = uuidv7()
    const text = '﻿# Holidays\n\nEveryone gets 27 days. 🌴\n\nAsk Zoë about sabbaticals.\n'
    const { document } = await clients.documents.ingestDocument(
      upload({ id, name: 'handbook.md', mediaType: 'text/markdown', bytes: text }),
      admin,
    )
    expect(document).toMatchObject({
      id,
      name: 'handbook.md',
      mediaType: 'text/markdown',
      sizeBytes: BigInt(Buffer.byteLength(text)),
      state: DocumentState.QUEUED,
      version: 1,
      chunkCount: 0,
    })
    expect(document?.sha256.equals(createHash('sha256').update(text).digest())).toBe(true)

    expect(await settled(clients, id, admin)).toMatchObject({
      state: DocumentState.READY,
      chunkCount: 1,
      reason: '',
    })
    const answer = await find(org, 'who do I ask about a sabbatical, zoe?')
    expect(answer).toMatchObject({ retrieval: Retrieval.SPARSE, degraded: false })
    const [passage] = answer.passages
    expect(passage).toMatchObject({
      documentId: id,
      title: 'handbook.md',
      headingPath: ['Holidays'],
      scoreE4: 10_000,
      collection: Collection.ORGANIZATION,
    })
    const decoded = Array.from(text.slice(1))
    expect(decoded.slice(passage!.start, passage!.end).join('')).toBe(passage!.text)
  })

  test('sent again under the same id is the same answer; other bytes are a conflict', async () => {
    const admin = await stack.as(uuidv7())
    const file = { id: uuidv7(), bytes: 'The same text.' }
    const first = await store(clients, admin, file)
    const again = await clients.documents.ingestDocument(upload(file), admin)
    expect(again.document).toMatchObject({ id: first.id, createdAt: first.createdAt })
    await expect(
      clients.documents.ingestDocument(upload({ ...file, bytes: 'Another text.' }), admin),
    ).rejects.toMatchObject({ reason: 'CONFLICT' })
    expect(
      (await clients.documents.listDocuments({ limit: 10, cursor: '' }, admin)).documents,
    ).toHaveLength(1)
  })

  test('that was deleted is gone from list, get and search, and its id is free again', async () => {
    const org = uuidv7()
    const admin = await stack.as(org)
    const file = { id: uuidv7(), bytes: 'Quokkas are found on Rottnest Island.' }
    await store(clients, admin, file)
    expect((await find(org, 'quokkas')).passages).toHaveLength(1)
    expect(await clients.documents.deleteDocument({ id: file.id }, admin)).toEqual({
      deletedChunks: 1,
    })
    expect((await find(org, 'quokkas')).passages).toEqual([])
    for (const call of [clients.documents.getDocument, clients.documents.deleteDocument]) {
      await expect(call({ id: file.id }, admin)).rejects.toMatchObject({ reason: 'NOT_FOUND' })
    }
    expect(await store(clients, admin, file)).toMatchObject({ state: DocumentState.READY })
    expect((await find(org, 'quokkas')).passages).toHaveLength(1)
  })

  test('is listed newest first, page by page, each once', async () => {
    const admin = await stack.as(uuidv7())
    const ids: string[] = []
    for (let n = 0; n < 7; n++) ids.push((await store(clients, admin, { bytes: `Text ${n}` })).id)
    const seen: string[] = []
    let cursor = ''
    do {
      const page = await clients.documents.listDocuments({ limit: 3, cursor }, admin)
      seen.push(...page.documents.map(({ id }) => id))
      cursor = page.nextCursor
    } while (cursor !== '')
    expect(seen).toEqual(ids.reverse())
  })

  test('filter of a search keeps to the documents named', async () => {
    const org = uuidv7()
    const admin = await stack.as(org)
    const [a, b] = [
      await store(clients, admin, { bytes: 'Otters hold hands.' }),
      await store(clients, admin, { bytes: 'Otters juggle stones.' }),
    ]
    const ids = async (filter: string[]) =>
      (await find(org, 'otters', filter)).passages.map(({ documentId }) => documentId).sort()
    expect(await ids([])).toEqual([a.id, b.id].sort())
    expect(await ids([b.id])).toEqual([b.id])
    expect(await ids([uuidv7()])).toEqual([])
  })
})

describe.skipIf(!existsSync(AI_ACT))('the AI Act', () => {
  test('answers which events must be reported within two days with Article 73(3)', async () => {
    const org = uuidv7()
    const bytes = readFileSync(AI_ACT)
    const document = await store(clients, await stack.as(org), { name: 'ai-act.md', bytes })
    expect(document).toMatchObject({ state: DocumentState.READY })
    const { passages } = await find(org, 'Which events must be reported within two days?')
    expect(passages[0]?.headingPath.at(-1)).toMatch(/^Article 73\b/)
    expect(passages[0]?.text).toContain('not later than two days')
    const points = Array.from(bytes.toString('utf8'))
    for (const { start, end, text } of passages) {
      expect(points.slice(start, end).join('')).toBe(text)
    }
  })
})

describe('the shared knowledge base', () => {
  test('is written by the operator alone and found by every organisation', async () => {
    const operator = await stack.as(uuidv7(), 'operator')
    const file = { id: uuidv7(), name: 'guide.md', bytes: 'A zebrafish rule applies to all.' }
    await expect(
      clients.knowledge.importShared(upload(file), await stack.as(uuidv7(), 'admin')),
    ).rejects.toMatchObject({ reason: 'FORBIDDEN' })
    await clients.knowledge.importShared(upload(file), operator)
    const org = uuidv7()
    await expect
      .poll(async () => find(org, 'zebrafish'), { timeout: 10_000 })
      .toMatchObject({
        degraded: false,
        passages: [{ documentId: file.id, collection: Collection.SHARED }],
      })
    const shared = await clients.knowledge.listShared({ limit: 5, cursor: '' }, await stack.as(org))
    expect(shared.documents.map(({ id }) => id)).toEqual([file.id])
    const admin = await stack.as(org)
    expect(
      (await clients.documents.listDocuments({ limit: 5, cursor: '' }, admin)).documents,
    ).toEqual([])
    await expect(clients.documents.deleteDocument({ id: file.id }, admin)).rejects.toMatchObject({
      reason: 'NOT_FOUND',
    })
  })
})
