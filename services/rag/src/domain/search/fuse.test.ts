import { assert, constantFrom, property, uniqueArray } from 'fast-check'
import { expect, test } from 'vitest'
import { fuse, unfused } from './fuse.js'

const list = (...ids: string[]) => ids.map((chunkId, at) => ({ chunkId, score: 100 - at }))

test('adds the reciprocals of 60 and the rank, whatever the scores are', () => {
  expect(fuse(list('a', 'b'), [{ chunkId: 'b', score: 0.1 }], 10)).toEqual([
    {
      chunkId: 'b',
      score: 1 / 62 + 1 / 61,
      sparse: { rank: 2, score: 99 },
      dense: { rank: 1, score: 0.1 },
    },
    { chunkId: 'a', score: 1 / 61, sparse: { rank: 1, score: 100 }, dense: undefined },
  ])
})

test('orders equal sums by chunk id, and equal scores of one list too', () => {
  expect(fuse(list('b'), list('a'), 10).map(({ chunkId }) => chunkId)).toEqual(['a', 'b'])
  const equal = ['c', 'a', 'b'].map((chunkId) => ({ chunkId, score: 1 }))
  expect(unfused(equal, 2).map(({ chunkId }) => chunkId)).toEqual(['a', 'b'])
})

test('without an embedding the scores of terms stay what they are', () => {
  expect(unfused(list('a'), 5)).toEqual([
    { chunkId: 'a', score: 100, sparse: { rank: 1, score: 100 }, dense: undefined },
  ])
})

test('names each passage once, within the limit, best first, in whatever order lists arrive', () => {
  const ids = uniqueArray(constantFrom('a', 'b', 'c', 'd', 'e', 'f'))
  assert(
    property(ids, ids, (sparse, dense) => {
      const hits = fuse(list(...sparse), list(...dense), 4)
      const known = new Set([...sparse.slice(0, 4), ...dense.slice(0, 4)])
      expect(hits).toHaveLength(Math.min(4, known.size))
      expect(new Set(hits.map(({ chunkId }) => chunkId)).size).toBe(hits.length)
      for (let i = 1; i < hits.length; i++) {
        expect(hits[i]!.score).toBeLessThanOrEqual(hits[i - 1]!.score)
      }
      expect(fuse(list(...sparse).reverse(), list(...dense).reverse(), 4)).toEqual(hits)
    }),
  )
})
