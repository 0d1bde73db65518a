import fc from 'fast-check'
import { expect, test } from 'vitest'
import { batchesOf } from './batches.js'

test('every text is in one batch, and no batch is above the budget unless it is one text', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 2, max: 50 }), { maxLength: 60 }),
      fc.integer({ min: 1, max: 200 }),
      (lengths, budget) => {
        const batches = batchesOf(lengths, budget)
        expect(batches.flat().sort((a, b) => a - b)).toEqual(lengths.map((_, at) => at))
        for (const batch of batches) {
          const padded = Math.max(...batch.map((at) => lengths[at]!)) * batch.length
          expect(padded <= budget || batch.length === 1).toBe(true)
        }
      },
    ),
  )
})

test('texts of similar length are together', () => {
  expect(batchesOf([2, 30, 2, 30, 2], 60)).toEqual([
    [1, 3],
    [0, 2, 4],
  ])
})
