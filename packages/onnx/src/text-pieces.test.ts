import { isWellFormedText } from '@lexcustis/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { textPieces } from './text-pieces.js'

test('pieces make up the text, are no longer than asked for and split no letter', () => {
  const text = fc.string({ unit: fc.constantFrom('a', ' ', '\n', '🌴', 'é'), maxLength: 80 })
  fc.assert(
    fc.property(text, fc.integer({ min: 2, max: 20 }), (whole, size) => {
      const pieces = [...textPieces(whole, size)]
      expect(pieces.join('')).toBe(whole)
      for (const piece of pieces) {
        expect(piece.length).toBeGreaterThan(0)
        expect(piece.length).toBeLessThanOrEqual(size)
        expect(isWellFormedText(piece)).toBe(true)
      }
    }),
  )
})

test('cuts come before white space where there is any', () => {
  expect([...textPieces('one two  three', 8)]).toEqual(['one two', '  three'])
})
