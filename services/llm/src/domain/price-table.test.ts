import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PriceTable } from './price-table.js'

const price = (change: object = {}) => ({
  provider: 'openai',
  model: 'gpt',
  from: '2026-01-01',
  input: 2_000_000,
  output: 8_000_000,
  currency: 'USD',
  source: 'made up',
  as_of: '2026-01',
  ...change,
})
const tableOf = (...prices: object[]) => PriceTable.parse({ prices })
const usage = (tokensIn: number, tokensOut: number) => ({ tokensIn, tokensOut, isEstimated: false })
const NOW = new Date('2026-11-23T12:00:00Z')

describe('a price table', () => {
  test('adds up both directions, in millionths', () => {
    const table = tableOf(price())
    expect(table.costOf('openai', 'gpt', usage(1_000_000, 500_000), NOW)).toEqual({
      micro: 6_000_000n,
      currency: 'USD',
    })
    expect(table.costOf('openai', 'gpt', usage(0, 0), NOW)?.micro).toBe(0n)
  })

  test('rounds half up and never loses more than half a millionth', () => {
    fc.assert(
      fc.property(fc.nat(0xffff_ffff), fc.nat(0xffff_ffff), fc.nat(9_999_999), (i, o, rate) => {
        const cost = tableOf(price({ input: rate, output: 3 })).costOf(
          'openai',
          'gpt',
          usage(i, o),
          NOW,
        )
        const exact = BigInt(i) * BigInt(rate) + BigInt(o) * 3n
        const off = (cost?.micro ?? -1n) * 1_000_000n - exact
        expect(off <= 500_000n && off > -500_000n).toBe(true)
      }),
    )
  })

  test('has no price for what it does not name, which is not the same as free', () => {
    const table = tableOf(price())
    expect(table.costOf('openai', 'gpt-other', usage(1, 1), NOW)).toBeUndefined()
    expect(table.costOf('mistral', 'gpt', usage(1, 1), NOW)).toBeUndefined()
    expect(
      table.costOf('openai', 'gpt', usage(1, 1), new Date('2025-12-31T23:59:59Z')),
    ).toBeUndefined()
  })

  test('takes the exact name, else the longest beginning, else none; then the newest in force', () => {
    const table = tableOf(
      price({ model: 'gpt*', currency: 'AAA' }),
      price({ model: 'gpt-4*', currency: 'BBB' }),
      price({ model: 'gpt-4o', currency: 'CCC' }),
      price({ model: 'gpt-4o', currency: 'DDD', from: '2026-06-01' }),
      price({ model: 'gpt-4o', currency: 'EEE', from: '2027-01-01' }),
    )
    const of = (model: string) => table.costOf('openai', model, usage(1, 1), NOW)?.currency
    expect([of('gpt-5'), of('gpt-4x'), of('gpt-4o'), of('o3')]).toEqual([
      'AAA',
      'BBB',
      'DDD',
      undefined,
    ])
  })

  test.each([
    [{ input: -1 }],
    [{ input: 1.5 }],
    [{ output: 1e12 }],
    [{ currency: 'usd' }],
    [{ from: '2026-13-01' }],
    [{ model: '' }],
    [{ discount: 1 }],
  ])('refuses %j', (change) => {
    expect(() => tableOf(price(change))).toThrow()
  })
})
