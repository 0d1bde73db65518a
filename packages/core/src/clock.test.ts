import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatMicros, parseMicros, systemClock } from './clock.js'

describe('timestamps', () => {
  test('survive a round trip to the microsecond', () => {
    const year0001 = -62_135_596_800_000_000n
    const year9999 = 253_402_300_799_999_999n
    fc.assert(
      fc.property(
        fc.bigInt(0n, year9999),
        (micros) => parseMicros(formatMicros(micros)) === micros,
      ),
    )
    expect(parseMicros('9999-12-31T23:59:59.999999Z')).toBe(year9999)
    expect(parseMicros('0001-01-01T00:00:00.000000Z')).toBe(year0001)
  })

  test.each([
    '2026-11-23T10:15:30.123Z',
    '2026-11-23T10:15:30.123456+00:00',
    '2026-02-30T10:15:30.123456Z',
    '2026-11-23T10:15:60.000000Z',
    '2026-11-23T24:00:00.000000Z',
    '0000-01-01T00:00:00.000000Z',
    ' 2026-11-23T10:15:30.123456Z',
  ])('rejects %s', (text) => {
    expect(parseMicros(text)).toBeUndefined()
  })

  test('the system clock stays within two milliseconds of the wall clock', () => {
    expect(Math.abs(Number(systemClock.nowMicros() / 1000n) - Date.now())).toBeLessThanOrEqual(3)
  })
})
