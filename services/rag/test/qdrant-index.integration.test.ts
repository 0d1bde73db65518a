import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { uuidv7 } from '@lexcustis/core'
import { QdrantClient } from '@qdrant/js-client-rest'
import { afterAll, describe, expect, test } from 'vitest'
import { LancePassageIndex } from '../src/adapters/lance-index.js'
import { pointsMatching } from '../src/adapters/qdrant-filter.js'
import { QdrantPassageIndex } from '../src/adapters/qdrant-index.js'
import { denseQuery, termsQuery } from '../src/adapters/qdrant-search.js'
import { collectionName } from '../src/domain/collection.js'
import { RRF_K } from '../src/domain/search/fuse.js'
import { indexTerms, wordsOf } from '../src/domain/terms.js'
import { describePassageIndex } from './passage-index.contract.js'
import { hasOpenApi } from './qdrant-double/openapi.js'
import { QdrantDouble } from './qdrant-double/server.js'
import { entryOf, meaning, qdrantSettings, queryFor } from './qdrant-double/entries.js'
import { qdrantForTests } from './real-qdrant.js'

const double = await QdrantDouble.start()
const real = await qdrantForTests()

afterAll(async () => {
  await double[Symbol.asyncDispose]()
  await real?.[Symbol.asyncDispose]()
})

const twoReplicas = (url: string) => async () => {
  const replicas = [0, 1].map(() => new QdrantPassageIndex(qdrantSettings(url)))
  const [index, replica] = replicas as [QdrantPassageIndex, QdrantPassageIndex]
  return {
    index,
    replica,
    [Symbol.asyncDispose]: async () => replicas.forEach((one) => one[Symbol.dispose]()),
  }
}

describePassageIndex('Qdrant, its double', twoReplicas(double.url))

if (real) describePassageIndex('Qdrant', twoReplicas(real.url))
else {
  test.skip('PassageIndex: Qdrant (neither QDRANT_URL nor a container engine with its image)', () => {
    // Named, so that a run shows what it did not try.
  })
}

describe.each([
  { name: 'double', url: double.url },
  ...(real ? [{ name: 'real', url: real.url }] : []),
])('Qdrant, $name', ({ url }) => {
  test('fuses as the Query API does where nothing ties', async () => {
    using index = new QdrantPassageIndex(qdrantSettings(url))
    const owner = uuidv7()
    const angles = Array.from({ length: 20 }, (_, i) => ((i * 7) % 20) / 20)
    await index.add(
      owner,
      angles.map((angle, i) => ({
        ...entryOf(`word${' filler'.repeat(i)}`),
        embedding: meaning(Math.cos(angle), Math.sin(angle)),
      })),
    )
    const query = { ...queryFor('word'), embedding: meaning(1, 0), limit: 20 }
    const filter = pointsMatching(owner, {})!
    const { points } = await new QdrantClient({ url, checkCompatibility: false }).query(
      collectionName(owner),
      {
        prefetch: [termsQuery(query.terms), denseQuery(query.embedding.dense)].map((one) => ({
          ...one,
          filter,
          limit: 20,
        })),
        // Qdrant counts places from 0.
        query: { rrf: { k: RRF_K + 1 } },
        filter,
        limit: 20,
      },
    )
    const ours = await index.search(owner, query)
    expect(ours).toHaveLength(20)
    const score = new Map(ours.map((hit) => [hit.chunkId, hit.score]))
    for (const { id, score: theirs } of points)
      expect(theirs).toBeCloseTo(score.get(String(id))!, 6)
  })
})

/** Sentences of different lengths, so that the length of a passage matters. */
const CORPUS = [
  'Providers of high-risk AI systems shall keep the logs automatically generated.',
  'Deployers shall keep the logs for at least six months.',
  'A log is kept.',
  'Human oversight aims at preventing or minimising the risks to health, safety and fundamental rights.',
  'Natural persons to whom oversight is assigned have the necessary competence, training and authority.',
  'Training data sets are relevant, sufficiently representative and, to the best extent possible, free of errors.',
  'The technical documentation is drawn up before the system is placed on the market and is kept up to date.',
  'Penalties are effective, proportionate and dissuasive, and take into account small enterprises and start-ups.',
]

test('Qdrant’s double ranks a small corpus as LanceDB does', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'lexcustis-lance-'))
  const owner = uuidv7()
  const entries = CORPUS.map((text) => ({ ...entryOf('x'), terms: indexTerms(wordsOf(text)) }))
  {
    await using lance = await LancePassageIndex.open(directory)
    using qdrant = new QdrantPassageIndex(qdrantSettings(double.url))
    for (const index of [lance, qdrant]) {
      await index.add(owner, entries)
      await index.commit(owner)
    }
    const questions = [
      'keep logs',
      'human oversight training',
      'risk systems',
      'kept documentation',
    ]
    for (const question of questions) {
      const query = { ...queryFor('x'), terms: indexTerms(wordsOf(question)) }
      const [theirs, ours] = await Promise.all([
        lance.search(owner, query),
        qdrant.search(owner, query),
      ])
      expect(ours.length).toBeGreaterThan(1)
      expect(ours.map(({ chunkId }) => chunkId)).toEqual(theirs.map(({ chunkId }) => chunkId))
    }
  }
  await rm(directory, { recursive: true, force: true })
})

test('Qdrant: every query and every delete names the owner, and every point has it', () => {
  const owned = (filter: unknown, collection: string) => {
    const { must } = filter as { must: { key: string; match: { value: string } }[] }
    const owner = must.find(({ key }) => key === 'org_id')?.match.value ?? ''
    expect(collectionName(owner)).toBe(collection)
  }
  const queries = double.of('/points/query/batch')
  const deletes = double.of('/points/delete')
  const upserts = double.of('/points')
  expect(Math.min(queries.length, deletes.length, upserts.length)).toBeGreaterThan(10)
  for (const { body, collection } of queries) {
    for (const { filter } of (body as { searches: { filter: unknown }[] }).searches) {
      owned(filter, collection)
    }
  }
  for (const { body, collection } of deletes)
    owned((body as { filter: unknown }).filter, collection)
  for (const { body, collection, query } of upserts) {
    const { points } = body as { points: { payload: { org_id: string } }[] }
    for (const { payload } of points) expect(collectionName(payload.org_id)).toBe(collection)
    expect(query.get('wait')).toBe('true')
  }
})

test.skipIf(!hasOpenApi)(
  'Qdrant: every request and answer is as its OpenAPI document 1.19 says (needs ../shared/qdrant)',
  () => {
    expect(double.violations).toEqual([])
    expect(double.checkedCount).toBeGreaterThan(300)
  },
)
