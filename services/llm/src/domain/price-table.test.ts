import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Answering, PriceTable } from './price-table.js'

const price = (change: object = {}) => ({
  kind: 'openai',
  model: 'gpt',
  valid_from: '2026-01-01',
  input_micro: 2_000_000,
  output_micro: 8_000_000,
  currency: 'USD',
  source: 'made up',
  as_of: '2026-01-01',
  ...change,
})
const tableOf = (...prices: object[]) => PriceTable.parse({ prices })
const usage = (tokensIn: number, tokensOut: number) => ({ tokensIn, tokensOut, isEstimated: false })
const NOW = new Date('2026-11-23T12:00:00Z')
const endpointOf = (baseUrl: string, isGuarded = false) => ({ baseUrl, isGuarded })
const OPENAI: Answering = {
  kind: 'openai',
  model: 'gpt',
  endpoint: endpointOf('https://api.openai.com/v1'),
}
const costOf = (table: PriceTable, change: Partial<Answering> = {}, at = NOW) =>
  table.costOf({ ...OPENAI, ...change }, usage(1_000_000, 500_000), at)

describe('a price table', () => {
  test('adds up both directions, in millionths', () => {
    const table = tableOf(price())
    expect(costOf(table)).toEqual({ micro: 6_000_000n, currency: 'USD' })
    expect(table.costOf(OPENAI, usage(0, 0), NOW)?.micro).toBe(0n)
  })

  test('rounds half up, once for both directions together', () => {
    const table = tableOf(price({ input_micro: 250_000, output_micro: 250_000 }))
    const micro = (i: number, o: number) => table.costOf(OPENAI, usage(i, o), NOW)?.micro
    expect([micro(1, 0), micro(1, 1), micro(3, 3), micro(4, 2)]).toEqual([0n, 1n, 2n, 2n])
  })

  test('never loses more than half a millionth', () => {
    fc.assert(
      fc.property(fc.nat(0xffff_ffff), fc.nat(0xffff_ffff), fc.nat(9_999_999), (i, o, rate) => {
        const table = tableOf(price({ input_micro: rate, output_micro: 3 }))
        const cost = table.costOf(OPENAI, usage(i, o), NOW)
        const exact = BigInt(i) * BigInt(rate) + BigInt(o) * 3n
        const off = (cost?.micro ?? -1n) * 1_000_000n - exact
        expect(off <= 500_000n && off > -500_000n).toBe(true)
      }),
    )
  })

  test('has no price for what it does not name, which is not the same as free', () => {
    const table = tableOf(price())
    expect(costOf(table, { model: 'gpt-other' })).toBeUndefined()
    expect(costOf(table, { kind: 'mistral' })).toBeUndefined()
    expect(costOf(table, {}, new Date('2025-12-31T23:59:59Z'))).toBeUndefined()
    expect(costOf(tableOf())).toBeUndefined()
  })

  test('takes the exact name, else the longest beginning, else none; then the newest in force', () => {
    const table = tableOf(
      price({ model: 'gpt*', currency: 'AAA' }),
      price({ model: 'gpt-4*', currency: 'BBB' }),
      price({ model: 'gpt-4o', currency: 'CCC' }),
      price({ model: 'gpt-4o', currency: 'DDD', valid_from: '2026-06-01' }),
      price({ model: 'gpt-4o', currency: 'EEE', valid_from: '2027-01-01' }),
    )
    const of = (model: string) => costOf(table, { model })?.currency
    expect([of('gpt-5'), of('gpt-4x'), of('gpt-4o'), of('o3')]).toEqual([
      'AAA',
      'BBB',
      'DDD',
      undefined,
    ])
  })

  test('of the kind is for the own address of the kind, whoever chose it', () => {
    const table = tableOf(price())
    const endpoint = endpointOf('https://api.openai.com/v1/', true)
    expect(costOf(table, { endpoint })?.currency).toBe('USD')
    for (const isGuarded of [true, false]) {
      const elsewhere = endpointOf('https://eu.api.openai.com/v1', isGuarded)
      expect(costOf(table, { endpoint: elsewhere })).toBeUndefined()
    }
  })

  test("is for an organisation's own address only where it names that", () => {
    const own = endpointOf('https://llm.example.org/v1', true)
    const kind = 'openai-compatible'
    const general = price({ kind })
    expect(costOf(tableOf(general), { kind, endpoint: { ...own, isGuarded: false } })).toBeDefined()
    expect(costOf(tableOf(general), { kind, endpoint: own })).toBeUndefined()
    const named = price({ kind, currency: 'EUR', base_url: 'https://llm.example.org/v1/' })
    expect(costOf(tableOf(general, named), { kind, endpoint: own })?.currency).toBe('EUR')
    const other = endpointOf('https://other.example.org/v1', true)
    expect(costOf(tableOf(named), { kind, endpoint: other })).toBeUndefined()
  })

  test('has no price for what asks nobody', () => {
    const table = tableOf(price({ kind: 'extractive', model: '*' }))
    expect(costOf(table, { kind: 'extractive', endpoint: undefined })).toBeUndefined()
  })

  test.each([
    [{ kind: 'oracle' }],
    [{ input_micro: -1 }],
    [{ input_micro: 1.5 }],
    [{ output_micro: 1e12 }],
    [{ currency: 'usd' }],
    [{ valid_from: '2026-13-01' }],
    [{ model: '' }],
    [{ model: 'gpt*-mini' }],
    [{ base_url: 'somewhere' }],
    [{ as_of: 'yesterday' }],
    [{ discount: 1 }],
  ])('refuses %j', (change) => {
    expect(() => tableOf(price(change))).toThrow()
  })

  test('refuses two prices for the same from the same day on', () => {
    expect(() => tableOf(price(), price({ input_micro: 1 }))).toThrow('is there twice')
    expect(() => tableOf(price(), price({ base_url: 'https://a.example' }))).not.toThrow()
  })
})
