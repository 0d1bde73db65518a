import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalText } from './canonical.js'
import { EvidenceError } from './failure.js'
import { readStrictJson } from './strict-json.js'

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
