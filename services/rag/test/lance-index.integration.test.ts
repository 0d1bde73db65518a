import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from '@lancedb/lancedb'
import { uuidv7 } from '@lexcustis/core'
import { expect, test } from 'vitest'
import { LancePassageIndex } from '../src/adapters/lance-index.js'
import type { IndexEntry } from '../src/domain/passage-index.js'
import { collectionName, SHARED_OWNER } from '../src/domain/collection.js'
import { describePassageIndex } from './passage-index.contract.js'

describePassageIndex('LanceDB', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'lexcustis-lance-'))
  const index = await LancePassageIndex.open(directory)
  const replica = await LancePassageIndex.open(directory)
  return {
    index,
    replica,
    [Symbol.asyncDispose]: async () => {
      await index[Symbol.asyncDispose]()
      await replica[Symbol.asyncDispose]()
      await rm(directory, { recursive: true, force: true })
    },
  }
})

const entry = (): IndexEntry => ({
  chunkId: uuidv7(),
  documentId: uuidv7(),
  language: '',
  datedAt: undefined,
  terms: ['word'],
  embedding: undefined,
})

test('LanceDB: collections have the names of the contract, in a folder of our own', async () => {
  const directory = join(await mkdtemp(join(tmpdir(), 'lexcustis-lance-')), 'new', 'folder')
  const owner = uuidv7()
  {
    await using index = await LancePassageIndex.open(directory)
    for (const one of [owner, SHARED_OWNER]) {
      await index.add(one, [entry()])
    }
    expect((await readdir(directory)).filter((name) => name.endsWith('.lance')).sort()).toEqual([
      `org_${owner}_documents.lance`,
      'shared_legal_knowledge_base.lance',
    ])
    expect((await stat(directory)).mode & 0o077).toBe(0)
  }
  await rm(directory, { recursive: true, force: true })
})

test('LanceDB: what was committed is there after a restart', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'lexcustis-lance-'))
  const owner = uuidv7()
  const query = { terms: ['word'], embedding: undefined, filter: {}, limit: 5 }
  {
    await using index = await LancePassageIndex.open(directory)
    await index.add(owner, [entry()])
    await index.commit(owner)
  }
  {
    await using index = await LancePassageIndex.open(directory)
    expect(await index.search(owner, query)).toHaveLength(1)
  }
  await rm(directory, { recursive: true, force: true })
})

const meaning = (...vector: number[]) => ({ dense: Float32Array.from(vector), sparse: undefined })

test('LanceDB: a table of the first version is searched as before, and takes what is new', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'lexcustis-lance-'))
  const owner = uuidv7()
  const old = { chunk_id: uuidv7(), org_id: owner, document_id: uuidv7(), terms: 'word' }
  const connection = await connect(directory)
  await connection.createTable(collectionName(owner), [old])
  connection.close()
  {
    await using index = await LancePassageIndex.open(directory)
    await index.commit(owner)
    const query = { terms: ['word'], embedding: undefined, filter: {}, limit: 5 }
    expect(await index.search(owner, query)).toMatchObject([{ chunkId: old.chunk_id }])
    expect(await index.search(owner, { ...query, filter: { languages: ['de'] } })).toEqual([])
    const added = { ...entry(), language: 'de', embedding: meaning(1, 0) }
    await index.add(owner, [added])
    await index.commit(owner)
    const hits = await index.search(owner, { ...query, embedding: meaning(1, 0) })
    expect(hits).toHaveLength(2)
    expect(hits[0]).toMatchObject({ chunkId: added.chunkId, dense: { rank: 1 } })
    expect(hits[1]).toMatchObject({ chunkId: old.chunk_id, dense: undefined })
  }
  await rm(directory, { recursive: true, force: true })
})

test('LanceDB: vectors of another length never meet those before, and replace them', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'lexcustis-lance-'))
  const owner = uuidv7()
  {
    await using index = await LancePassageIndex.open(directory)
    await using replica = await LancePassageIndex.open(directory)
    const before = { ...entry(), embedding: meaning(1, 0) }
    const ids = async (...vector: number[]) => {
      const query = { terms: [], embedding: meaning(...vector), filter: {}, limit: 5 }
      return (await index.search(owner, query)).map(({ chunkId }) => chunkId)
    }
    await index.add(owner, [before])
    expect(await ids(1, 0, 0)).toEqual([])
    const others = [entry(), entry()].map((one) => ({ ...one, embedding: meaning(0, 1, 0) }))
    // Both replicas want the new column at once.
    await Promise.all([
      index.add(owner, [{ ...before, embedding: meaning(1, 0, 0) }, others[0]!]),
      replica.add(owner, [others[1]!]),
    ])
    await index.commit(owner)
    expect(await ids(1, 0)).toEqual([])
    expect(await ids(1, 0, 0)).toEqual([
      before.chunkId,
      ...others.map(({ chunkId }) => chunkId).sort(),
    ])
  }
  await rm(directory, { recursive: true, force: true })
})
