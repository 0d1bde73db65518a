import { uuidv7 } from '@lexcustis/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SHARED_OWNER } from '../src/domain/collection.js'
import type {
  IndexEntry,
  IndexFilter,
  IndexQuery,
  PassageIndex,
} from '../src/domain/passage-index.js'

/** An index, and a second view of the same data as another replica has it. */
export interface IndexUnderTest extends AsyncDisposable {
  readonly index: PassageIndex
  readonly replica: PassageIndex
}

const entry = (terms: string, documentId = uuidv7(), chunkId = uuidv7()): IndexEntry => ({
  chunkId,
  documentId,
  language: '',
  datedAt: undefined,
  terms: terms.split(' '),
  embedding: undefined,
})

const meaning = (...vector: number[]) => ({ dense: Float32Array.from(vector), sparse: undefined })

const near = (vector: number[]): IndexQuery => ({
  terms: [],
  embedding: meaning(...vector),
  filter: {},
  limit: 9,
})

/** A contract every passage index passes. */
export function describePassageIndex(name: string, make: () => Promise<IndexUnderTest>): void {
  describe(`PassageIndex: ${name}`, () => {
    let made: IndexUnderTest
    let index: PassageIndex
    beforeAll(async () => {
      made = await make()
      index = made.index
    })
    afterAll(async () => made[Symbol.asyncDispose]())

    const store = async (owner: string, entries: IndexEntry[]) => {
      await index.add(owner, entries)
      await index.commit(owner)
    }
    const ids = async (owner: string, terms: string, documentIds?: string[], limit = 10) =>
      (
        await index.search(owner, {
          terms: terms.split(' '),
          embedding: undefined,
          filter: { documentIds },
          limit,
        })
      ).map(({ chunkId }) => chunkId)

    test('finds nothing where nothing was added', async () => {
      const owner = uuidv7()
      expect(await ids(owner, 'word')).toEqual([])
      await index.remove(owner, uuidv7())
      await index.commit(owner)
      expect(await ids(owner, 'word')).toEqual([])
    })

    test('ranks by BM25: rare terms, many occurrences, short texts first', async () => {
      const owner = uuidv7()
      const [rare, often, once, long] = [
        entry('common scarce'),
        entry('common common common common'),
        entry('common other'),
        entry(`common ${'filler '.repeat(60).trim()}`),
      ]
      await store(owner, [long, once, often, rare])
      expect(await ids(owner, 'common scarce')).toEqual(
        [rare, often, once, long].map(({ chunkId }) => chunkId),
      )
      expect(await ids(owner, 'scarce')).toEqual([rare.chunkId])
      expect(await ids(owner, 'common', undefined, 2)).toHaveLength(2)
    })

    test('scores what is added later as if it had been there from the beginning', async () => {
      const [together, apart] = [uuidv7(), uuidv7()]
      const texts = Array.from(
        { length: 60 },
        (_, i) => `law ${i % 3 ? 'day' : 'days'} w${i} w${i}`,
      )
      await store(
        together,
        texts.map((text) => entry(text)),
      )
      for (let from = 0; from < texts.length; from += 20) {
        await store(
          apart,
          texts.slice(from, from + 20).map((text) => entry(text)),
        )
      }
      const scores = async (owner: string) =>
        (
          await index.search(owner, {
            terms: ['days', 'w7', 'law'],
            embedding: undefined,
            filter: {},
            limit: 60,
          })
        )
          .map(({ score }) => score.toFixed(4))
          .join(' ')
      expect(await scores(apart)).toBe(await scores(together))
    })

    test('shows entries of one owner to no other, the shared collection included', async () => {
      const [a, b] = [uuidv7(), uuidv7()]
      const documentId = uuidv7()
      const [ofA, ofB, shared] = [1, 2, 3].map(() => entry('secret word', documentId))
      await store(a, [ofA!])
      await store(b, [ofB!])
      await store(SHARED_OWNER, [shared!])
      expect(await ids(a, 'secret')).toEqual([ofA!.chunkId])
      expect(await ids(b, 'secret', [documentId])).toEqual([ofB!.chunkId])
      expect(await ids(SHARED_OWNER, 'secret')).toEqual([shared!.chunkId])
      await index.remove(a, documentId)
      expect(await ids(a, 'secret')).toEqual([])
      expect(await ids(b, 'secret')).toEqual([ofB!.chunkId])
      expect(await ids(SHARED_OWNER, 'secret')).toEqual([shared!.chunkId])
      await index.remove(SHARED_OWNER, documentId)
    })

    test('keeps to the documents named, however far down they are', async () => {
      const owner = uuidv7()
      const wanted = entry(`word ${'filler '.repeat(50).trim()}`)
      await store(owner, [wanted, ...Array.from({ length: 200 }, () => entry('word word word'))])
      expect(await ids(owner, 'word', [wanted.documentId], 1)).toEqual([wanted.chunkId])
      expect(await ids(owner, 'word', [uuidv7()])).toEqual([])
      expect(await ids(owner, 'word', [])).toEqual([])
    })

    test('removes every entry of a document at once, and only those', async () => {
      const owner = uuidv7()
      const [gone, kept] = [uuidv7(), uuidv7()]
      await store(owner, [entry('a b', gone), entry('a c', gone), entry('a d', kept)])
      await index.remove(owner, gone)
      expect(await ids(owner, 'a b c d')).toHaveLength(1)
      expect(await ids(owner, 'a', [gone])).toEqual([])
      await index.commit(owner)
      expect(await ids(owner, 'a b c d')).toHaveLength(1)
    })

    test('orders equal scores by chunk id, every time', async () => {
      const owner = uuidv7()
      const entries = Array.from({ length: 30 }, () => entry('same'))
      await store(owner, [...entries].reverse())
      const expected = entries.map(({ chunkId }) => chunkId).sort()
      for (let run = 0; run < 5; run++) {
        expect(await ids(owner, 'same', undefined, 30)).toEqual(expected)
        expect(await ids(owner, 'same', undefined, 4)).toEqual(expected.slice(0, 4))
      }
    })

    test('takes terms for terms, whatever they look like', async () => {
      const owner = uuidv7()
      await store(owner, [entry('plain words'), entry('AND NOT words:plain')])
      for (const term of [
        '"plain',
        'plain*',
        'words:plain)',
        '^plain',
        "'; DROP",
        '*',
        '\\',
        '+a',
      ]) {
        const found = await index.search(owner, {
          terms: [term],
          embedding: undefined,
          filter: {},
          limit: 9,
        })
        expect(found.length).toBeLessThanOrEqual(1)
      }
      expect(await ids(owner, 'plain')).toHaveLength(1)
    })

    test.each(["' OR '1'='1", "x') OR true --", '', '%', '01980000-0000-7000-8000-00000000000G'])(
      'refuses %j as an id instead of reading it as a filter',
      async (id) => {
        const owner = uuidv7()
        await store(owner, [entry('word')])
        const query = {
          terms: ['word'],
          embedding: undefined,
          filter: { documentIds: [id] },
          limit: 5,
        }
        await expect(index.search(owner, query)).rejects.toThrow()
        await expect(index.remove(owner, id)).rejects.toThrow()
        await expect(index.search(id, { ...query, filter: {} })).rejects.toThrow()
        await expect(index.add(id, [entry('word')])).rejects.toThrow()
        expect(await ids(owner, 'word')).toHaveLength(1)
      },
    )

    test('shows a commit to every replica at once', async () => {
      const owner = uuidv7()
      expect(
        await made.replica.search(owner, {
          terms: ['x'],
          embedding: undefined,
          filter: {},
          limit: 1,
        }),
      ).toEqual([])
      for (const word of ['first', 'second']) {
        const added = entry(`x ${word}`)
        await store(owner, [added])
        const query = { terms: [word], embedding: undefined, filter: {}, limit: 5 }
        expect(await made.replica.search(owner, query)).toMatchObject([{ chunkId: added.chunkId }])
      }
    })

    test('loses nothing when replicas create, add, remove and commit at the same time', async () => {
      const owner = uuidv7()
      const gone = uuidv7()
      const work = [index, made.replica, index, made.replica].map(async (view, n) => {
        await view.add(owner, [entry(`word n${n}`), entry(`word n${n}`, gone)])
        await view.commit(owner)
        await view.add(owner, [entry(`word m${n}`)])
        await view.remove(owner, gone)
        await view.commit(owner)
      })
      await Promise.all(work)
      await index.remove(owner, gone)
      await index.commit(owner)
      for (const view of [index, made.replica]) {
        const query = { terms: ['word'], embedding: undefined, filter: {}, limit: 50 }
        expect(await view.search(owner, query)).toHaveLength(8)
      }
    })

    test('replaces an entry that is added again, within a call and across commits', async () => {
      const owner = uuidv7()
      const [before, other] = [entry('before same'), entry('other same')]
      const after = { ...before, terms: ['after', 'same'], embedding: meaning(1, 0, 0) }
      await store(owner, [before, before, other])
      await store(owner, [after])
      await store(owner, [after])
      expect(await ids(owner, 'before')).toEqual([])
      expect(await ids(owner, 'after')).toEqual([before.chunkId])
      expect(await ids(owner, 'same')).toHaveLength(2)
      const hits = await index.search(owner, near([1, 0, 0]))
      expect(hits.map(({ chunkId }) => chunkId)).toEqual([before.chunkId])
    })

    test('filters terms and meanings by language and date', async () => {
      const owner = uuidv7()
      const make = (language: string, datedAt: Date | undefined) => ({
        ...entry('word'),
        language,
        datedAt,
        embedding: meaning(1, 0, 0),
      })
      const [early, late] = [new Date('1969-07-20T20:17:40Z'), new Date('2025-02-02T00:00:00Z')]
      const entries = [make('de', early), make('en', late), make('', undefined)]
      await store(owner, entries)
      const cases: [IndexFilter, number[]][] = [
        [{}, [0, 1, 2]],
        [{ languages: ['de'] }, [0]],
        [{ languages: ['de', 'en'] }, [0, 1]],
        [{ languages: ['fr'] }, []],
        [{ languages: [] }, []],
        [{ datedFrom: early }, [0, 1]],
        [{ datedBefore: late }, [0]],
        [{ datedFrom: late, languages: ['en'] }, [1]],
        [{ datedFrom: late, languages: ['de'] }, []],
      ]
      for (const [filter, expected] of cases) {
        for (const query of [
          { terms: ['word'], embedding: undefined, limit: 9 },
          near([1, 0, 0]),
        ]) {
          const found = await index.search(owner, { ...query, filter })
          expect(
            found.map(({ chunkId }) => entries.findIndex((e) => e.chunkId === chunkId)),
          ).toEqual(expected)
        }
      }
    })

    test.each(["de' OR '1'='1", 'DE', '', '%'])(
      'refuses %j as a language instead of reading it as a filter',
      async (language) => {
        const owner = uuidv7()
        await store(owner, [entry('word')])
        const query = { terms: ['word'], embedding: undefined, limit: 5 }
        await expect(
          index.search(owner, { ...query, filter: { languages: [language] } }),
        ).rejects.toMatchObject({ reason: 'INVALID_INPUT' })
      },
    )

    test('finds by meaning within one owner, by cosine, ties by chunk id', async () => {
      const [owner, stranger] = [uuidv7(), uuidv7()]
      const at = (...vector: number[]) => ({ ...entry('x'), embedding: meaning(...vector) })
      const [same, close, opposite] = [at(1, 0, 0), at(0.8, 0.6, 0), at(-1, 0, 0)]
      const ties = [at(0, 1, 0), at(0, 0, 1), at(0, 1, 0)]
      await store(stranger, [at(1, 0, 0)])
      await store(owner, [opposite, ...[...ties].reverse(), close, same, entry('x')])
      const hits = await index.search(owner, near([1, 0, 0]))
      expect(hits.map(({ chunkId }) => chunkId)).toEqual(
        [same, close, ...ties, opposite].map(({ chunkId }) => chunkId),
      )
      const expected = [1, 0.8, 0, 0, 0, -1]
      hits.forEach(({ dense, sparse }, i) => {
        expect(dense?.rank).toBe(i + 1)
        expect(dense?.score).toBeCloseTo(expected[i]!, 5)
        expect(sparse).toBeUndefined()
      })
    })

    test('fuses terms and meaning by reciprocal ranks and keeps both places', async () => {
      const owner = uuidv7()
      const at = (terms: string, ...vector: number[]) => ({
        ...entry(terms),
        embedding: meaning(...vector),
      })
      const [both, meant, named] = [
        at('word x', 0.8, 0.6),
        at('other', 1, 0),
        at('word word', 0, 1),
      ]
      await store(owner, [both, meant, named])
      const hits = await index.search(owner, { ...near([1, 0]), terms: ['word'] })
      const places = hits.map(({ chunkId, score, sparse, dense }) => ({
        chunkId,
        score: score.toFixed(9),
        ranks: [sparse?.rank, dense?.rank],
      }))
      const row = ({ chunkId }: IndexEntry, score: number, ...ranks: (number | undefined)[]) => ({
        chunkId,
        score: score.toFixed(9),
        ranks,
      })
      expect(places).toEqual([
        row(named, 1 / 61 + 1 / 63, 1, 3),
        row(both, 1 / 62 + 1 / 62, 2, 2),
        row(meant, 1 / 61, undefined, 1),
      ])
    })

    test('keeps two owners apart who have the same text, meaning and document id', async () => {
      const [a, b] = [uuidv7(), uuidv7()]
      const documentId = uuidv7()
      const same = () => ({ ...entry('same words', documentId), embedding: meaning(1, 0, 0) })
      const [ofA, ofB] = [same(), same()]
      const foreign = { ...entry('same words'), embedding: meaning(1, 0, 0) }
      await store(a, [ofA])
      await store(b, [ofB, foreign])
      const find = async (owner: string, documentIds?: string[]) => {
        const query = { ...near([1, 0, 0]), terms: ['same'], filter: { documentIds } }
        return (await index.search(owner, query)).map(({ chunkId }) => chunkId)
      }
      expect(await find(a)).toEqual([ofA.chunkId])
      expect(await find(a, [documentId])).toEqual([ofA.chunkId])
      expect(await find(a, [foreign.documentId])).toEqual([])
      await index.remove(a, foreign.documentId)
      await index.remove(a, documentId)
      expect(await find(a)).toEqual([])
      expect(await find(b)).toEqual([ofB, foreign].map(({ chunkId }) => chunkId).sort())
    })

    test('takes vectors where there were none, and asks for none of another length', async () => {
      const owner = uuidv7()
      const [plain, later, longer] = [entry('word'), entry('word'), entry('other')]
      await store(owner, [plain])
      const query = { ...near([1, 0]), terms: ['word'] }
      expect(await index.search(owner, query)).toMatchObject([
        { chunkId: plain.chunkId, sparse: { rank: 1 }, dense: undefined, score: 1 / 61 },
      ])
      await Promise.all([
        index.add(owner, [{ ...later, embedding: meaning(1, 0) }]),
        made.replica.add(owner, [{ ...longer, embedding: meaning(1, 0, 0) }]),
      ])
      await index.commit(owner)
      const placed = (await index.search(owner, query)).map(({ chunkId, dense }) => ({
        chunkId,
        dense: dense?.rank,
      }))
      expect(placed).toEqual([
        { chunkId: later.chunkId, dense: 1 },
        { chunkId: plain.chunkId, dense: undefined },
      ])
      const other = await made.replica.search(owner, near([1, 0, 0]))
      expect(other.map(({ chunkId }) => chunkId)).toEqual([longer.chunkId])
      await index.remove(owner, longer.documentId)
      expect(await made.replica.search(owner, near([1, 0, 0]))).toEqual([])
    })

    test('is usable', async () => {
      await expect(index.check()).resolves.toBeUndefined()
    })
  })
}
