import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalText } from './canonical.js'
import { EvidenceError } from './failure.js'
import { canonicalizeJson, readStrictJson } from './strict-json.js'

test('takes nothing that JSON.parse refuses, and reads the same', () => {
  const fragments = [
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '\\',
    'u0041',
    '-',
    '1',
    '.5',
    'e',
    ' ',
    't',
  ]
  const soup = fc.array(fc.constantFrom(...fragments, 'true', '"a"'), { maxLength: 12 })
  const noise = fc.oneof(
    soup.map((parts) => parts.join('')),
    fc.json(),
  )
  fc.assert(
    fc.property(noise, (text) => {
      const strict = attempt(() => readStrictJson(text))
      if (strict !== undefined) expect(strict).toEqual(JSON.parse(text))
    }),
    { numRuns: 2_000 },
  )
})

test('what it refuses, the canonical writer would refuse or could not see', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const value = attempt(() => readStrictJson(text))
      if (value !== undefined) canonicalText(value)
    }),
  )
})

test('the quick way of reading finds the same as the careful one', () => {
  const careful = (text: string) => {
    const value = readStrictJson(text)
    return { value, canonical: canonicalText(value) }
  }
  const messages = (read: () => unknown): unknown => {
    try {
      return read()
    } catch (error) {
      return String(error)
    }
  }
  const check = (text: string) => {
    expect(messages(() => canonicalizeJson(text))).toEqual(messages(() => careful(text)))
  }
  // Short texts of the characters that matter: duplicates, exponents and escapes that make up for each
  // other's length are among them.
  const member = fc.constantFrom(
    '"a":1',
    '"a":12',
    '"b":1e2',
    '"b":1e5',
    '"c":"\\u0041"',
    '"c":"[1.5"',
    '"d":-0',
    '"a" :1',
  )
  const object = fc.array(member, { maxLength: 4 }).map((members) => `{${members.join(',')}}`)
  const list = fc.array(fc.constantFrom('1', '1.5', '1e3', '"x,1.5"', 'true', ' 2'), {
    maxLength: 4,
  })
  const texts = fc.oneof(
    object,
    list.map((items) => `[${items.join(',')}]`),
    fc.json(),
  )
  fc.assert(fc.property(texts, check), { numRuns: 3_000 })
})

test('points at the place', () => {
  expect(() => readStrictJson('{"a":[1,{"b~":1.5}]}')).toThrow(
    new EvidenceError('canonical_form', 'is not a plain integer', '/a/1/b~0'),
  )
  expect(() => readStrictJson('{"a":1,"a":1}')).toThrow('is there twice at /a')
})

test('a long string and a long list are read in one pass', () => {
  const long = 'x\\n'.repeat(1_000_000)
  expect(readStrictJson(`"${long}"`)).toBe('x\n'.repeat(1_000_000))
  expect(readStrictJson(`[${'1,'.repeat(500_000)}1]`)).toHaveLength(500_001)
  expect(() => readStrictJson(`"${long}`)).toThrow('is not a valid string')
})

function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof EvidenceError) return undefined
    throw error
  }
}
