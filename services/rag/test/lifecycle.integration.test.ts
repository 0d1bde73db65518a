import { uuidv7 } from '@lexcustis/core'
import { DocumentState } from '@lexcustis/proto/rag'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type FileToSend,
  RagStack,
  type RagClients,
  searchFor,
  store,
  upload,
} from './rag-stack.js'

let stack: RagStack
let clients: RagClients

beforeAll(async () => {
  stack = await RagStack.start()
  clients = stack.clients((await stack.replica()).port)
})
afterAll(async () => stack[Symbol.asyncDispose]())

async function organization() {
  const admin = await stack.as(uuidv7())
  return {
    send: async (file: FileToSend) => clients.documents.ingestDocument(upload(file), admin),
    store: async (file: FileToSend) => store(clients, admin, file),
    get: async (id: string) => (await clients.documents.getDocument({ id }, admin)).document,
    remove: async (id: string) => clients.documents.deleteDocument({ id }, admin),
    find: async (fields: Parameters<typeof searchFor>[0]) =>
      (await clients.search.searchAll(searchFor(fields), admin)).passages,
  }
}

describe('the same bytes', () => {
  const file = { name: 'rules.md', bytes: 'Badgers dig.' }

  test('are stored once, however many send them at once', async () => {
    const org = await organization()
    const answers = await Promise.all(Array.from({ length: 8 }, async () => org.send(file)))
    expect(new Set(answers.map(({ document }) => document?.id)).size).toBe(1)
    expect(answers.filter(({ existed }) => !existed)).toHaveLength(1)
  })

  test('are another document under another name, in another organisation, or after a delete', async () => {
    const [one, other] = [await organization(), await organization()]
    const first = await one.store(file)
    expect((await one.send({ ...file, name: 'other.md' })).existed).toBe(false)
    expect((await other.send(file)).existed).toBe(false)
    await one.remove(first.id)
    expect((await one.send(file)).existed).toBe(false)
  })

  test('may be tried again when they failed', async () => {
    const org = await organization()
    const broken = { name: 'broken.pdf', bytes: '%PDF-1.4 broken' }
    expect(await org.store(broken)).toMatchObject({ state: DocumentState.FAILED })
    expect((await org.send(broken)).existed).toBe(false)
  })
})

describe('a new version', () => {
  test('takes the place of the old one when it is ready, and keeps its text for what cites it', async () => {
    const org = await organization()
    const first = await org.store({ name: 'leave.md', bytes: 'Leave is 27 days.' })
    const second = await org.store({
      name: 'leave.md',
      bytes: 'Leave is 30 days.',
      replaces: first.id,
    })
    expect(second).toMatchObject({ version: 2, replaces: first.id, replacedBy: '' })
    expect(await org.get(first.id)).toMatchObject({ version: 1, replacedBy: second.id })
    expect((await org.find({ query: 'how many days of leave' })).map(({ text }) => text)).toEqual([
      'Leave is 30 days.',
    ])
  })

  test('that fails leaves the old one where it is, and may be sent again', async () => {
    const org = await organization()
    const first = await org.store({ name: 'leave.csv', bytes: 'what,days\nLeave,27' })
    const failed = await org.store({
      name: 'leave.pdf',
      bytes: '%PDF-1.4 broken',
      replaces: first.id,
    })
    expect(failed.state).toBe(DocumentState.FAILED)
    expect(await org.get(first.id)).toMatchObject({ replacedBy: '' })
    expect(await org.find({ query: 'leave' })).toHaveLength(1)
    expect(
      await org.store({ name: 'leave.csv', bytes: 'what,days\nLeave,30', replaces: first.id }),
    ).toMatchObject({ state: DocumentState.READY, version: 2 })
  })

  test('of a version that was replaced is a conflict; of an unknown or foreign one, not found', async () => {
    const [org, other] = [await organization(), await organization()]
    const first = await org.store({ name: 'a.md', bytes: 'One.' })
    const foreign = await other.store({ name: 'a.md', bytes: 'One.' })
    const replacing = await Promise.allSettled(
      ['Two.', 'Three.'].map(async (bytes) =>
        org.send({ name: 'a.md', bytes, replaces: first.id }),
      ),
    )
    expect(replacing.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    await expect(
      org.send({ name: 'a.md', bytes: 'Four.', replaces: first.id }),
    ).rejects.toMatchObject({ reason: 'CONFLICT' })
    for (const replaces of [foreign.id, uuidv7(), 'no-uuid']) {
      await expect(org.send({ name: 'a.md', bytes: 'Five.', replaces })).rejects.toMatchObject({
        reason: 'NOT_FOUND',
        message: 'there is no such document to be replaced',
      })
    }
  })
})

describe('what is said of a document', () => {
  test('is kept, or recognised, and searches keep to it', async () => {
    const org = await organization()
    const german = await org.store({
      name: 'de.md',
      bytes:
        'Der Urlaub beträgt siebenundzwanzig Tage im Kalenderjahr, sagt die Ordnung zum Urlaub.',
      datedAt: new Date('2026-07-27T00:00:00Z'),
      source: '32024R1689',
    })
    const english = await org.store({
      name: 'en.md',
      bytes: 'Urlaub is the German word for leave, which is twenty-seven days in every year.',
      datedAt: new Date('2024-07-12T00:00:00Z'),
    })
    expect(german).toMatchObject({ language: 'de', source: '32024R1689', progressE4: 10_000 })
    expect(english.language).toBe('en')
    const ids = async (fields: Parameters<typeof searchFor>[0]) =>
      (await org.find({ query: 'Urlaub', ...fields })).map(({ documentId }) => documentId)
    expect((await ids({})).sort()).toEqual([german.id, english.id].sort())
    expect(await ids({ languages: ['de'] })).toEqual([german.id])
    expect(await ids({ languages: ['fr'] })).toEqual([])
    expect(await ids({ datedFrom: new Date('2026-01-01T00:00:00Z') })).toEqual([german.id])
    expect(await ids({ datedBefore: new Date('2026-01-01T00:00:00Z') })).toEqual([english.id])
  })

  test('wrongly is refused with what to change', async () => {
    const org = await organization()
    const file = { name: 'a.md', bytes: 'x' }
    await expect(org.send({ ...file, language: 'German' })).rejects.toMatchObject({
      reason: 'INVALID_INPUT',
      message: expect.stringMatching(/ISO 639-1/) as string,
    })
    await expect(org.send({ ...file, source: 'x'.repeat(2_049) })).rejects.toMatchObject({
      reason: 'INVALID_INPUT',
    })
    await expect(org.find({ query: 'x', languages: ['deutsch'] })).rejects.toMatchObject({
      reason: 'INVALID_INPUT',
    })
  })
})

describe('an answer', () => {
  test('has each text once, and no more of a document or a source than asked for', async () => {
    const org = await organization()
    for (const name of ['one.md', 'two.md']) await org.store({ name, bytes: 'Herons wade.' })
    await org.store({ name: 'long.md', bytes: '# A\n\nHerons fish.\n\n# B\n\nHerons fly.' })
    expect(await org.find({ query: 'herons' })).toHaveLength(3)
    expect(await org.find({ query: 'herons', documentLimit: 1 })).toHaveLength(2)
    expect(await org.find({ query: 'herons', organizationLimit: 1 })).toHaveLength(1)
    const [best] = await org.find({ query: 'herons wade' })
    expect(best?.explanation?.sparseRank).toBeGreaterThan(0)
    expect(best?.explanation?.denseRank).toBe(0)
    expect(best?.explanation?.sparseE4).toBeGreaterThan(0n)
  })
})

describe('a shared document', () => {
  test('is removed by the operator alone', async () => {
    const operator = await stack.as(uuidv7(), 'operator')
    const admin = await stack.as(uuidv7())
    const { document } = await clients.knowledge.importShared(
      upload({ name: 'act.md', bytes: 'Providers keep logs.' }),
      operator,
    )
    const id = document?.id ?? ''
    await expect(clients.knowledge.deleteShared({ id }, admin)).rejects.toMatchObject({
      reason: 'FORBIDDEN',
    })
    await clients.knowledge.deleteShared({ id }, operator)
    await expect(clients.knowledge.deleteShared({ id }, operator)).rejects.toMatchObject({
      reason: 'NOT_FOUND',
    })
  })
})
