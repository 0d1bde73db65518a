import { uuidv7 } from '@lexcustis/core'
import { describe, expect, test } from 'vitest'
import { SHARED_OWNER } from '../collection.js'
import type { StoredPassage } from '../document.js'
import type { IndexHit } from '../passage-index.js'
import { searchAll, type SearchPorts, type SearchRequest } from './search-all.js'

const OWNER = uuidv7()
const request = (fields: Partial<SearchRequest> = {}): SearchRequest => ({
  query: 'annual leave',
  limit: 0,
  documentIds: [],
  languages: [],
  datedFrom: undefined,
  datedBefore: undefined,
  organizationLimit: 0,
  sharedLimit: 0,
  documentLimit: 0,
  ...fields,
})

const passage = (text: string, fields: Partial<StoredPassage> = {}): StoredPassage => ({
  id: uuidv7(),
  documentId: uuidv7(),
  documentName: 'a.txt',
  version: 1,
  ordinal: 0,
  headingPath: [],
  start: 0,
  end: text.length,
  page: 0,
  language: '',
  text,
  ...fields,
})

interface Found {
  readonly passage: StoredPassage
  readonly score: number
}

/** Two collections whose index answers are given. */
function ports(own: readonly Found[] | Error, shared: readonly Found[] | Error) {
  const failed: string[] = []
  const of = (owner: string) => {
    const found = owner === SHARED_OWNER ? shared : own
    if (found instanceof Error) throw found
    return found
  }
  const all: SearchPorts = {
    index: {
      search: async (owner): Promise<IndexHit[]> =>
        of(owner).map(({ passage, score }) => ({
          chunkId: passage.id,
          score,
          sparse: undefined,
          dense: undefined,
        })),
    },
    passages: {
      read: async (owner, ids) =>
        of(owner)
          .map(({ passage }) => passage)
          .filter(({ id }) => ids.includes(id))
          .reverse(),
    },
    embedder: undefined,
    onNotEmbedded: () => undefined,
    onSourceFailed: (source) => failed.push(source),
  }
  return { all, failed, search: searchAll(all) }
}

describe('search', () => {
  test('puts an own passage that answers above shared ones that mention a word', async () => {
    const answer = passage('Annual leave is 27 days.')
    const { search } = ports(
      // The only passage of its collection: no term is rare there, so its score is low.
      [{ passage: answer, score: 0.5 }],
      Array.from({ length: 30 }, (_, i) => ({
        passage: passage(`The annual report ${i} is made by the authority.`),
        score: 6 - i / 100,
      })),
    )
    const { passages } = await search(OWNER, request())
    expect(passages[0]?.passage).toBe(answer)
    expect(passages).toHaveLength(8)
  })

  test('puts a shared passage that answers above own ones that mention a word', async () => {
    const answer = passage('Annual leave is 27 days.')
    const { search } = ports(
      Array.from({ length: 30 }, (_, i) => ({
        passage: passage(`The annual report ${i} is made by the authority.`),
        score: 6 - i / 100,
      })),
      [{ passage: answer, score: 0.5 }],
    )
    expect((await search(OWNER, request())).passages[0]?.passage).toBe(answer)
  })

  test('keeps the order of the index within a collection of texts that are alike', async () => {
    const found = [3, 2, 1].map((score) => ({ passage: passage(`Annual leave ${score}.`), score }))
    const { passages } = await ports(found, []).search(OWNER, request())
    expect(passages.map((ranked) => ranked.passage)).toEqual(found.map((item) => item.passage))
  })

  test('orders equal scores by owner, document and position', async () => {
    const documentId = uuidv7()
    const second = passage('Annual leave 2.', { documentId, ordinal: 1 })
    const first = passage('Annual leave 1.', { documentId, ordinal: 0 })
    const later = passage('Annual leave 3.', { documentId: uuidv7() })
    const shared = passage('Annual leave 4.')
    const { passages } = await ports(
      [second, later, first].map((item) => ({ passage: item, score: 1 })),
      [{ passage: shared, score: 1 }],
    ).search(OWNER, request())
    expect(passages.map((ranked) => ranked.passage)).toEqual([first, second, later, shared])
  })

  test('shows a text once, wherever else it stands', async () => {
    const found = [2, 1].map((score) => ({ passage: passage('Annual leave.'), score }))
    const { passages } = await ports(found, [
      { passage: passage('annual  Leave'), score: 1 },
    ]).search(OWNER, request())
    expect(passages).toHaveLength(1)
  })

  test('leaves out what the index finds but the database no longer has', async () => {
    const { search } = ports([{ passage: passage('Annual leave.'), score: 1 }], [])
    const gone = searchAll({
      index: {
        search: async () => [{ chunkId: uuidv7(), score: 1, sparse: undefined, dense: undefined }],
      },
      passages: { read: async () => [] },
      embedder: undefined,
      onNotEmbedded: () => undefined,
      onSourceFailed: () => undefined,
    })
    expect((await search(OWNER, request())).passages).toHaveLength(1)
    expect((await gone(OWNER, request())).passages).toEqual([])
  })

  test('says that it is degraded when one collection cannot be searched', async () => {
    const found = [{ passage: passage('Annual leave.'), score: 1 }]
    for (const [setup, source] of [
      [ports(new Error('down'), found), 'organization'],
      [ports(found, new Error('down')), 'shared'],
    ] as const) {
      const result = await setup.search(OWNER, request())
      expect(result).toMatchObject({ isDegraded: true, passages: [{}] })
      expect(setup.failed).toEqual([source])
    }
  })

  test('is unavailable when neither can be searched', async () => {
    const { search } = ports(new Error('down'), new Error('down'))
    await expect(search(OWNER, request())).rejects.toMatchObject({ reason: 'UNAVAILABLE' })
  })

  test('for nothing that could be found finds nothing', async () => {
    const { search } = ports(new Error('not asked'), new Error('not asked'))
    for (const query of ['', ' ', '?!']) {
      expect(await search(OWNER, request({ query }))).toEqual({
        passages: [],
        isHybrid: false,
        isDegraded: false,
      })
    }
  })

  test.each([
    { query: 'x'.repeat(200_001) },
    { limit: 51 },
    { documentIds: ["' OR 1=1 --"] },
    { documentIds: [OWNER.toUpperCase()] },
    { documentIds: Array.from({ length: 1_001 }, () => OWNER) },
  ])('refuses a request out of bounds (%#)', async (fields) => {
    await expect(ports([], []).search(OWNER, request(fields))).rejects.toMatchObject({
      reason: 'INVALID_INPUT',
    })
  })
})

describe('with an embedding model', () => {
  const near = passage('Holidays are long.')
  const far = passage('Annual leave is 27 days.')
  const embedding = { dense: new Float32Array([1, 0]), sparse: undefined }
  const index = {
    search: async (owner: string): Promise<IndexHit[]> =>
      owner === OWNER
        ? [
            { chunkId: far.id, score: 0.03, sparse: { rank: 1, score: 4 }, dense: undefined },
            { chunkId: near.id, score: 0.02, sparse: undefined, dense: { rank: 1, score: 0.9 } },
          ]
        : [],
  }
  const passages = { read: async (owner: string) => (owner === OWNER ? [near, far] : []) }
  const failed: unknown[] = []
  const search = (embed: () => Promise<(typeof embedding)[]>) =>
    searchAll({
      index,
      passages,
      embedder: { model: 'tiny', dimensions: 2, embed },
      onNotEmbedded: (error) => void failed.push(error),
      onSourceFailed: () => undefined,
    })(OWNER, request())

  test('finds by meaning what shares no word with the question, and says so', async () => {
    const result = await search(async () => [embedding])
    expect(result).toMatchObject({ isHybrid: true, isDegraded: false })
    expect(result.passages.map((ranked) => ranked.passage)).toEqual(
      expect.arrayContaining([near, far]),
    )
  })

  test('that does not answer, searches by terms and says that less was searched', async () => {
    const result = await search(async () => {
      throw new Error('no model')
    })
    expect(result).toMatchObject({ isHybrid: false, isDegraded: true })
    expect(failed).toHaveLength(1)
  })
})

test.each([
  [{}, 50],
  [{ limit: 20 }, 50],
  [{ limit: 50 }, 100],
  [{ documentLimit: 1 }, 100],
])('ranks enough candidates for %j', async (fields, expected) => {
  const { all } = ports([], [])
  const asked: number[] = []
  const index: SearchPorts['index'] = {
    search: async (_, { limit }) => {
      asked.push(limit)
      return []
    },
  }
  await searchAll({ ...all, index })(OWNER, request(fields))
  expect(asked).toEqual([expected, expected])
})
