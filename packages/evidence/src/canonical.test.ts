import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalize, canonicalText, MAX_CANONICAL_BYTES } from './canonical.js'
import { readStrictJson } from './strict-json.js'

const key = fc
  .string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) })
  .filter((text) => text !== '' && text !== '__proto__')
const text = fc.string({ unit: 'binary' }).filter((value) => !value.includes('\0'))
const { json } = fc.letrec((tie) => ({
  json: fc.oneof({ maxDepth: 5 }, fc.maxSafeInteger(), text, fc.boolean(), tie('list'), tie('map')),
  list: fc.array(tie('json'), { maxLength: 5 }),
  map: fc.dictionary(key, tie('json'), { maxKeys: 5, noNullPrototype: true }),
}))

describe('canonicalText', () => {
  test('says the same as the value, for JSON.parse and for the strict reader', () => {
    fc.assert(
      fc.property(json, (value) => {
        const written = canonicalText(value)
        expect(JSON.parse(written)).toEqual(value)
        expect(readStrictJson(written)).toEqual(value)
      }),
    )
  })

  test('is the same for every layout and order of the same value', () => {
    fc.assert(
      fc.property(json, fc.integer({ min: 0, max: 4 }), (value, indent) => {
        const shuffled = JSON.stringify(reversed(value), undefined, indent)
        expect(canonicalText(readStrictJson(shuffled))).toBe(canonicalText(value))
      }),
    )
  })

  test.each([
    ['a float', { a: 0.5 }, '/a'],
    ['minus zero', [1, -0], '/1'],
    ['an integer beyond 2^53-1', { a: { b: 2 ** 53 } }, '/a/b'],
    ['infinity', Infinity, ''],
    ['null', { 'a/b': null }, '/a~1b'],
    ['undefined', { a: undefined }, '/a'],
    ['a hole in an array', new Array(1), '/0'],
    ['a bigint', 1n, ''],
    ['a Date', new Date(0), ''],
    ['U+0000', 'a\0', ''],
    ['half of a surrogate pair', ['\ud83d'], '/0'],
    ['a key with a line break', { 'a\n': 1 }, '/a\n'],
    ['an empty key', { '': 1 }, '/'],
    ['__proto__', JSON.parse('{"__proto__":1}'), '/__proto__'],
  ])('refuses %s', (_, value: unknown, pointer: string) => {
    expect(() => canonicalText(value)).toThrow(
      expect.objectContaining({ code: 'canonical_form', pointer }),
    )
  })

  test('nests 16 deep and no deeper', () => {
    const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)])
    expect(canonicalText(nested(16))).toBe('[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]')
    expect(() => canonicalText(nested(17))).toThrow(/deeper than 16/)
  })

  test('does not repeat a value in its message', () => {
    expect(() => canonicalText({ a: 'secret\0' })).toThrow('contains U+0000 at /a')
  })
})

test('an order of keys that was seen before serves only keys that are the same', () => {
  const names = ['z', 'b', 'c', 'd', 'a']
  fc.assert(
    fc.property(fc.shuffledSubarray(names, { minLength: 2 }), fc.boolean(), (keys, isOther) => {
      // The same length, first and last key, and something else between them.
      const given = keys.map((key, at) => (isOther && at === 1 && keys.length > 2 ? 'other' : key))
      const text = canonicalText(Object.fromEntries(given.map((key) => [key, 1])))
      expect(Object.keys(JSON.parse(text) as object)).toEqual([...given].sort())
    }),
  )
})

test('bytes may be 65 535 and no more, counted in UTF-8', () => {
  expect(canonicalize('é'.repeat((MAX_CANONICAL_BYTES - 3) / 2)).length).toBe(65_534)
  expect(() => canonicalize('é'.repeat((MAX_CANONICAL_BYTES - 1) / 2))).toThrow(
    expect.objectContaining({ code: 'canonical_too_large' }),
  )
})

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, member]) => [name, reversed(member)]),
  )
}
