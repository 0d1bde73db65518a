import { uuidv7 } from '@lexcustis/core'
import { DocumentState, Retrieval } from '@lexcustis/proto/rag'
import { expect, test } from 'vitest'
import { collectionName } from '../src/domain/collection.js'
import { qdrantSettings } from './qdrant-double/entries.js'
import { QdrantDouble } from './qdrant-double/server.js'
import { RagStack, searchFor, store } from './rag-stack.js'

test('a document is searched in Qdrant by any replica, until it is deleted', async () => {
  await using double = await QdrantDouble.start()
  await using stack = await RagStack.start()
  stack.index = { kind: 'qdrant', ...qdrantSettings(double.url) }
  const [first, second] = [await stack.replica(), await stack.replica()]
  const [org, clients] = [uuidv7(), stack.clients(first.port)]
  const admin = await stack.as(org)
  const ready = await fetch(`http://127.0.0.1:${first.metricsPort}/readyz`)
  expect(await ready.text()).toContain('Qdrant answers')

  const document = await store(clients, admin, { bytes: '# Holidays\n\nEveryone gets 27 days.\n' })
  expect(document).toMatchObject({ state: DocumentState.READY, chunkCount: 1 })
  const find = async () =>
    stack.clients(second.port).search.searchAll(searchFor({ query: 'holidays' }), admin)
  expect(await find()).toMatchObject({
    retrieval: Retrieval.SPARSE,
    degraded: false,
    passages: [{ documentId: document.id, scoreE4: 10_000 }],
  })
  await clients.documents.deleteDocument({ id: document.id }, admin)
  expect((await find()).passages).toEqual([])
  expect(double.collections.get(collectionName(org))?.points.size).toBe(0)
  expect(double.violations).toEqual([])
})
