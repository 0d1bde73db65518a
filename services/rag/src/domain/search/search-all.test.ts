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
    onSourceFailed: (source) => failed.push(source),
  }
  return { failed, search: searchAll(all) }
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

  test('keeps the order of the index within a collection of equal texts', async () => {
    const found = [3, 2, 1].map((score) => ({ passage: passage('Annual leave.'), score }))
    const { passages } = await ports(found, []).search(OWNER, request())
    expect(passages.map((ranked) => ranked.passage)).toEqual(found.map((item) => item.passage))
  })

  test('orders equal scores by owner, document and position', async () => {
    const documentId = uuidv7()
    const second = passage('Annual leave.', { documentId, ordinal: 1 })
    const first = passage('Annual leave.', { documentId, ordinal: 0 })
    const later = passage('Annual leave.', { documentId: uuidv7() })
    const shared = passage('Annual leave.')
    const { passages } = await ports(
      [second, later, first].map((item) => ({ passage: item, score: 1 })),
      [{ passage: shared, score: 1 }],
    ).search(OWNER, request())
    expect(passages.map((ranked) => ranked.passage)).toEqual([first, second, later, shared])
  })

  test('leaves out what the index finds but the database no longer has', async () => {
    const { search } = ports([{ passage: passage('Annual leave.'), score: 1 }], [])
    const gone = searchAll({
      index: {
        search: async () => [{ chunkId: uuidv7(), score: 1, sparse: undefined, dense: undefined }],
      },
      passages: { read: async () => [] },
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
      expect(await search(OWNER, request({ query }))).toEqual({ passages: [], isDegraded: false })
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
