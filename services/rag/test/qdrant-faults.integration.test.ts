import { uuidv7 } from '@lexcustis/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { QdrantPassageIndex } from '../src/adapters/qdrant-index.js'
import { denseVector } from '../src/adapters/qdrant-layout.js'
import { collectionName, SHARED_OWNER } from '../src/domain/collection.js'
import { entryOf, meaning, qdrantSettings, queryFor } from './qdrant-double/entries.js'
import { type Fault, QdrantDouble, type RecordedRequest } from './qdrant-double/server.js'
import { Collection } from './qdrant-double/store.js'

const RETRIES = { attempts: 4, delayMs: 5, maxDelayMs: 1_500 }
const BATCH = { points: 10, bytes: 20_000 }

let double: QdrantDouble
let owner: string
beforeEach(async () => {
  double = await QdrantDouble.start()
  owner = uuidv7()
})
afterEach(async () => {
  await double[Symbol.asyncDispose]()
  expect(double.violations).toEqual([])
})

const open = (settings: Partial<ReturnType<typeof qdrantSettings>> = {}) =>
  new QdrantPassageIndex({ ...qdrantSettings(double.url), ...settings }, RETRIES, BATCH)

/** The first `count` requests to an end of a path fail. */
const failing = (count: number, template: string, fault: Fault) => {
  let left = count
  return (request: RecordedRequest) =>
    request.template.endsWith(template) && left-- > 0 ? fault : undefined
}

const pointCount = () => double.collections.get(collectionName(owner))?.points.size

describe('Qdrant: what goes wrong', () => {
  test.each<Fault>([
    { status: 500 },
    { status: 503, headers: { 'retry-after': '0' } },
    { status: 429, headers: { 'retry-after': '0' } },
    { status: 429 },
    'break before',
  ])('repeats after %j, at most three times', async (fault) => {
    using index = open()
    double.fault = failing(3, '/points', fault)
    await index.add(owner, [entryOf('word')])
    expect(double.of('/points')).toHaveLength(4)
    double.fault = failing(4, '/points', fault)
    await expect(index.add(owner, [entryOf('word')])).rejects.toMatchObject({
      reason: 'UNAVAILABLE',
    })
    expect(double.of('/points')).toHaveLength(8)
    expect(pointCount()).toBe(1)
  })

  test.each([400, 401, 403, 413, 422])('never repeats after %d', async (status) => {
    using index = open()
    await index.add(owner, [entryOf('word')])
    double.requests.length = 0
    double.fault = () => ({ status })
    await expect(index.add(owner, [entryOf('word')])).rejects.toMatchObject({
      reason: 'UNAVAILABLE',
    })
    await expect(index.search(owner, queryFor('word'))).rejects.toThrow(String(status))
    await expect(index.remove(owner, uuidv7())).rejects.toThrow(String(status))
    expect(double.requests).toHaveLength(3)
  })

  test('waits as long as it is asked to, and fails at once when that is too long', async () => {
    using index = open()
    double.fault = failing(1, '/points', { status: 503, headers: { 'retry-after': '1' } })
    const began = performance.now()
    await index.add(owner, [entryOf('word')])
    // A lower bound of a wait, not a measure of speed.
    expect(performance.now() - began).toBeGreaterThan(900)
    double.requests.length = 0
    double.fault = failing(1, '/points', { status: 503, headers: { 'retry-after': '3600' } })
    await expect(index.add(owner, [entryOf('word')])).rejects.toThrow('503')
    expect(double.requests).toHaveLength(1)
  })

  test('a connection that breaks after the points were written leaves none of them twice', async () => {
    using index = open()
    double.fault = failing(2, '/points', 'break after')
    const entries = Array.from({ length: 25 }, () => entryOf('word'))
    await index.add(owner, entries)
    expect(double.of('/points')).toHaveLength(5)
    expect(pointCount()).toBe(25)
  })

  test('a request that is not answered ends with its time', async () => {
    using index = open({ timeoutMs: 100 })
    double.fault = () => 'never answer'
    await expect(index.check()).rejects.toThrow('RAG_QDRANT_TIMEOUT_MS')
    expect(double.requests).toHaveLength(RETRIES.attempts)
  })

  test('closing ends the wait before another attempt', async () => {
    const index = new QdrantPassageIndex(qdrantSettings(double.url), {
      attempts: 2,
      delayMs: 3_600_000,
      maxDelayMs: 3_600_000,
    })
    double.fault = () => ({ status: 500 })
    const checked = expect(index.check()).rejects.toThrow('500')
    while (double.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    await new Promise((resolve) => setTimeout(resolve, 20))
    index[Symbol.dispose]()
    await checked
    expect(double.requests).toHaveLength(1)
  })

  test('sends batches bounded in points and in bytes', async () => {
    using index = open()
    const dense = Array.from({ length: 300 }, (_, i) => Math.sin(i) / 17)
    await index.add(
      owner,
      Array.from({ length: 12 }, () => ({ ...entryOf('a b c'), embedding: meaning(...dense) })),
    )
    await index.add(
      owner,
      Array.from({ length: 25 }, () => entryOf('a')),
    )
    const upserts = double.of('/points')
    const sizes = upserts.map(({ body }) => (body as { points: unknown[] }).points.length)
    expect(sizes).toEqual([2, 2, 2, 2, 2, 2, 10, 10, 5])
    for (const { bytes } of upserts) expect(bytes).toBeLessThan(BATCH.bytes)
    expect(pointCount()).toBe(37)
  })

  test('two replicas that create a collection at once end with one, complete', async () => {
    using a = open()
    using b = open()
    const entry = () => ({ ...entryOf('word'), embedding: meaning(1, 0) })
    await Promise.all([a, b, a, b].map(async (index) => index.add(owner, [entry()])))
    const creations = double
      .of('/collections/{collection_name}')
      .filter(({ method }) => method === 'PUT')
    expect(creations.length).toBeGreaterThan(1)
    expect([...double.collections.keys()]).toEqual([collectionName(owner)])
    expect(pointCount()).toBe(4)
    expect(Object.keys(double.collections.get(collectionName(owner))!.payloadSchema)).toEqual([
      'org_id',
      'document_id',
      'language',
      'dated_at',
    ])
  })

  test('completes a collection whose creator ended before its payload indexes', async () => {
    using a = open()
    double.fault = failing(9, '/index', { status: 400 })
    await expect(a.add(owner, [entryOf('word')])).rejects.toThrow()
    double.fault = () => undefined
    using b = open()
    await b.add(owner, [entryOf('word')])
    const { payloadSchema } = double.collections.get(collectionName(owner))!
    expect(Object.keys(payloadSchema)).toHaveLength(4)
  })

  test('takes no collection for its own that has other vectors', async () => {
    const name = collectionName(owner)
    double.collections.set(name, new Collection({ vectors: {}, sparse_vectors: { terms: {} } }))
    using index = open()
    await expect(index.add(owner, [entryOf('word')])).rejects.toThrow(/not the vectors of this/)
    const vectors = { [denseVector(2)]: { size: 2, distance: 'Dot' as const } }
    const sparse_vectors = { terms: { modifier: 'idf' as const } }
    double.collections.set(name, new Collection({ vectors, sparse_vectors }))
    const entry = { ...entryOf('word'), embedding: meaning(1, 0) }
    await expect(index.add(owner, [entry])).rejects.toThrow(/not the vectors of this/)
    expect(pointCount()).toBe(0)
  })

  test('a collection deleted under it is empty, and made again by the next entry', async () => {
    using index = open()
    await index.add(owner, [entryOf('word')])
    expect(await index.search(owner, queryFor('word'))).toHaveLength(1)
    double.collections.clear()
    expect(await index.search(owner, queryFor('word'))).toEqual([])
    await index.remove(owner, uuidv7())
    await index.add(owner, [entryOf('word')])
    double.collections.clear()
    await index.add(owner, [entryOf('word')])
    expect(await index.search(owner, queryFor('word'))).toHaveLength(1)
  })

  test('sends the API key, and says which setting is wrong without it', async () => {
    await using locked = await QdrantDouble.start('the-key')
    using index = open({ url: locked.url, apiKey: 'the-key' })
    await index.check()
    using stranger = open({ url: locked.url, apiKey: 'another-key' })
    await expect(stranger.check()).rejects.toThrow('RAG_QDRANT_API_KEY_FILE')
    expect(locked.requests.at(-1)?.collection).toBe(collectionName(SHARED_OWNER))
  })

  test('an address without Qdrant is an error, never an empty index', async () => {
    using index = open({ url: `${double.url}/elsewhere` })
    await expect(index.search(owner, queryFor('word'))).rejects.toThrow('RAG_QDRANT_URL')
    await expect(index.check()).rejects.toThrow('RAG_QDRANT_URL')
  })

  test('errors say what to check, and nothing of what was sent or answered', async () => {
    using index = open()
    double.fault = () => ({ status: 400 })
    const error: unknown = await index.add(owner, [entryOf('secret')]).catch((e: unknown) => e)
    expect((error as Error).message).toMatch(/refused a request \(400\), check/)
    expect((error as Error).message).not.toMatch(/secret|as the test wishes/)
  })
})
