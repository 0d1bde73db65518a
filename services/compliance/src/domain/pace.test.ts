import { describe, expect, test } from 'vitest'
import { createIdentifierValidators } from '../adapters/identifier-validators.js'
import type { Paced } from './check.js'
import { inspectAnswer } from './post-check.js'
import { inspectInput } from './pre-check.js'

const validators = createIdentifierValidators()
const MEGABYTE = 1_000_000
const fill = (unit: string) => unit.repeat(Math.ceil(MEGABYTE / unit.length))

/**
 * Texts made to hurt: endless starts of matches that never end. A pattern that backtracks more than a
 * constant per character does not finish a megabyte within any test time.
 */
const HOSTILE: Readonly<Record<string, string>> = {
  digits: fill('1'),
  spaces: fill(' '),
  ats: fill('@'),
  newlines: fill('\n'),
  'at after letter': fill('a@'),
  'one-letter addresses': fill('x@y.'),
  'spaced digits': fill('1 '),
  'groups of four': fill('1234 '),
  'starts of IBANs': fill('DE89 '),
  dots: fill('1.1.'),
  colons: fill('ab:'),
  'spaced letters': fill('a b '),
  'starts of images': fill('!['),
  brackets: fill('['),
  'role headers': fill('\n### '),
  'half a base64': fill('aB3/'),
  'half a rule': fill('ignore previous '),
}

function steps(work: Paced<unknown>): number {
  let count = 0
  while (!work.next().done) count += 1
  return count
}

describe('hostile megabytes', () => {
  test.each(Object.keys(HOSTILE))(
    '%s are read in time that grows with their length',
    (name) => {
      const content = HOSTILE[name] ?? ''
      expect(steps(inspectInput([{ speaker: 'user', content }], validators))).toBeGreaterThan(0)
    },
    60_000,
  )

  test('an answer of slurs, citations and numbers is read too', () => {
    const text = fill('all women are lazy [1] 12 ')
    const passages = [{ n: 1, text: fill('no 12 ').slice(0, 100_000) }]
    expect(
      steps(inspectAnswer({ text: text.slice(0, 200_000), passages }, validators)),
    ).toBeGreaterThan(0)
  }, 60_000)

  test('long work stops between steps, so that others can run', () => {
    const content = fill('Ein ganz gewöhnlicher Satz mit a@example.org und 12 34. ').slice(
      0,
      200_000,
    )
    expect(steps(inspectInput([{ speaker: 'user', content }], validators))).toBeGreaterThan(50)
  })
})
