import { array, assert, constantFrom, property } from 'fast-check'
import { expect, test } from 'vitest'
import { gramsOf } from '../terms.js'
import { countTerms, numberWords, scoreBm25 } from './lexical-field.js'

const count = (query: string[], texts: string[][]) => countTerms(query, numberWords(texts), gramsOf)

test('counts the terms of the query, and the length in all terms', () => {
  expect(count(['events'], [['event', 'an', 'event'], []])).toEqual([
    {
      counts: new Map([
        ['_eve', 2],
        ['even', 2],
        ['vent', 2],
      ]),
      length: 9,
    },
    { counts: new Map(), length: 0 },
  ])
})

test('numbering words changes no count', () => {
  const words = array(constantFrom('a', 'law', 'laws', 'lawful', 'event', 'events', 'eventful'))
  assert(
    property(words, array(words), (query, texts) => {
      const wanted = new Set(query.flatMap(gramsOf))
      for (const [i, { counts, length }] of count(query, texts).entries()) {
        const all = texts[i]!.flatMap(gramsOf)
        expect(length).toBe(all.length)
        for (const term of wanted) {
          expect(counts.get(term) ?? 0).toBe(all.filter((one) => one === term).length)
        }
        expect([...counts.keys()].filter((term) => !wanted.has(term))).toEqual([])
      }
    }),
  )
})

test('scores are those of BM25 as the paper has it', () => {
  const [first = 0, second = 0] = scoreBm25(count(['law'], [['law', 'law'], ['event']]))
  // `_law` and `law_` twice each in a text of 4 terms; the texts have 4 on average.
  const idf = Math.log(1 + (2 - 1 + 0.5) / (1 + 0.5))
  expect(first).toBeCloseTo(2 * idf * ((2 * 2.2) / (2 + 1.2)), 10)
  expect(second).toBe(0)
})
