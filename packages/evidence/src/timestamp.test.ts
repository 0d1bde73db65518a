import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isTimestamp } from './timestamp.js'

test.each([
  '2026-11-23T10:15:30.123456Z',
  '0001-01-01T00:00:00.000000Z',
  '9999-12-31T23:59:59.999999Z',
  '2024-02-29T00:00:00.000001Z',
  '2000-02-29T00:00:00.000001Z',
])('%s is one', (text) => {
  expect(isTimestamp(text)).toBe(true)
})

test.each([
  '2026-11-23T10:15:30.123Z',
  '2026-11-23T10:15:30.1234567Z',
  '2026-11-23T10:15:30Z',
  '2026-11-23 10:15:30.123456Z',
  '2026-11-23T10:15:30.123456+00:00',
  '2026-11-23t10:15:30.123456z',
  '2026-11-23T24:00:00.000000Z',
  '2026-11-23T10:60:00.000000Z',
  '2026-06-30T23:59:60.000000Z',
  '2026-13-01T00:00:00.000000Z',
  '2026-00-01T00:00:00.000000Z',
  '2026-04-31T00:00:00.000000Z',
  '2026-04-00T00:00:00.000000Z',
  '2026-02-29T00:00:00.000000Z',
  '1900-02-29T00:00:00.000000Z',
  '0000-01-01T00:00:00.000000Z',
  '12026-01-01T00:00:00.000000Z',
  '',
])('%s is none', (text) => {
  expect(isTimestamp(text)).toBe(false)
})

test('agrees with Date on which days exist', () => {
  const part = (max: number, width: number) =>
    fc.integer({ min: 0, max }).map((value) => String(value).padStart(width, '0'))
  fc.assert(
    fc.property(part(9999, 4), part(13, 2), part(32, 2), (year, month, day) => {
      const text = `${year}-${month}-${day}T12:00:00.000`
      const date = new Date(`${text}Z`)
      const exists = !Number.isNaN(date.getTime()) && date.toISOString() === `${text}Z`
      expect(isTimestamp(`${text}001Z`)).toBe(exists && year !== '0000')
    }),
  )
})

test('any character in any place is judged as the form says', () => {
  const form = /^\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{6}Z$/
  const sample = '2026-12-11T10:15:30.123456Z'
  fc.assert(
    fc.property(fc.nat(27), fc.string({ maxLength: 2 }), fc.nat(2), (at, piece, cut) => {
      const text = sample.slice(0, at) + piece + sample.slice(at + cut)
      const isDay = form.test(text) && !Number.isNaN(Date.parse(`${text.slice(0, 10)}T00:00:00Z`))
      const exists =
        isDay && new Date(text.slice(0, 10)).toISOString().startsWith(text.slice(0, 10))
      expect(isTimestamp(text)).toBe(exists && !text.startsWith('0000'))
    }),
    { numRuns: 5_000 },
  )
})
