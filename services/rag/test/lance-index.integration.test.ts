import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { uuidv7 } from '@lexcustis/core'
import { expect, test } from 'vitest'
import { LancePassageIndex } from '../src/adapters/lance-index.js'
import type { IndexEntry } from '../src/domain/passage-index.js'
import { SHARED_OWNER } from '../src/domain/collection.js'
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
