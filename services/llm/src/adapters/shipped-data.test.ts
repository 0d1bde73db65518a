import { expect, test } from 'vitest'
import { KINDS } from '../domain/provider.js'
import { shippedPrices, shippedVendorPages } from './shipped-data.js'

test('what ships can be read, and names kinds that exist', () => {
  const { prices } = shippedPrices() as unknown as { prices: { provider: string }[] }
  expect(prices.length).toBeGreaterThan(0)
  for (const { provider } of prices) expect(Object.keys(KINDS)).toContain(provider)
  const pagesOf = shippedVendorPages()
  expect(pagesOf('mistral').termsUrl).toMatch(/^https:\/\//)
  expect(pagesOf('openai-compatible')).toEqual({ termsUrl: '', documentationUrl: '' })
  expect(pagesOf('constructor')).toEqual({ termsUrl: '', documentationUrl: '' })
})
