import fc from 'fast-check'
import { expect, test } from 'vitest'
import { countTerms, numberWords, scoreBm25 } from '../domain/search/lexical-field.js'
import { ORDINARY_LENGTH, passageWeights, questionWeights, termIndex } from './qdrant-bm25.js'

test('terms have the index that FNV-1a gives (draft-eastlake-fnv, appendix C)', () => {
  expect(['', 'a', 'foobar'].map(termIndex)).toEqual([0x811c9dc5, 0xe40c292c, 0xbf9cf968])
})

test('weights times rarity are BM25 where passages have the ordinary length', () => {
  const word = fc.constantFrom('law', 'log', 'risk', 'data', 'duty', 'fine')
  const text = fc.array(word, { minLength: ORDINARY_LENGTH, maxLength: ORDINARY_LENGTH })
  const texts = fc.array(text, { minLength: 2, maxLength: 4 })
  fc.assert(
    fc.property(texts, fc.uniqueArray(word, { minLength: 1 }), (passages, question) => {
      const counted = countTerms(question, numberWords(passages), (one) => [one])
      const expected = scoreBm25(counted)
      const weights = passages.map(passageWeights)
      const rarity = (index: number) => {
        const n = weights.filter(({ indices }) => indices.includes(index)).length
        return Math.log(1 + (passages.length - n + 0.5) / (n + 0.5))
      }
      const asked = questionWeights(question).indices
      weights.forEach(({ indices, values }, i) => {
        const score = indices.reduce(
          (sum, index, at) => sum + (asked.includes(index) ? rarity(index) * values[at]! : 0),
          0,
        )
        expect(score).toBeCloseTo(expected[i]!, 9)
      })
    }),
    { numRuns: 20 },
  )
})

test('indices are unique and ascend, and a question counts a term as often as it has it', () => {
  const { indices, values } = questionWeights(['b', 'a', 'b'])
  expect(indices).toEqual([...new Set(indices)].sort((a, b) => a - b))
  expect(values[indices.indexOf(termIndex('b'))]).toBe(2)
})
