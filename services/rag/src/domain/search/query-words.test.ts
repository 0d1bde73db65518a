import { expect, test } from 'vitest'
import { queryWords } from './query-words.js'

test('a question is searched for with all its words', () => {
  expect(queryWords('Which events must be reported?')).toEqual(
    'which events must be reported'.split(' '),
  )
})

test('of a pasted page, the question above it and the one below it are both used', () => {
  const page = 'filler '.repeat(20_000)
  for (const query of [`What about gerbils? ${page}`, `${page} What about gerbils?`]) {
    expect(queryWords(query)).toContain('gerbils')
  }
})

test('words at the cut are left out, not halved', () => {
  const query = 'abcdefghijkl '.repeat(1_000)
  expect(new Set(queryWords(query))).toEqual(new Set(['abcdefghijkl']))
})

test('of very many words the longest are kept, in their order', () => {
  const words = Array.from({ length: 100 }, (_, i) => 'x'.repeat((i % 30) + 1) + i.toString(36))
  const kept = queryWords(words.join(' '))
  expect(new Set(kept).size).toBe(48)
  expect(kept).toEqual(words.filter((word) => kept.includes(word)))
  const dropped = words.filter((word) => !kept.includes(word))
  expect(Math.max(...dropped.map((word) => word.length))).toBeLessThanOrEqual(
    Math.min(...kept.map((word) => word.length)),
  )
})

test('one endless word is no problem', () => {
  expect(new Set(queryWords('7'.repeat(200_000))).size).toBeLessThanOrEqual(1)
})
