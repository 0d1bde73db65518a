import { expect, test } from 'vitest'
import { KINDS } from '../domain/provider.js'
import { shippedPages, shippedPrices } from './shipped-data.js'

const NONE = { termsUrl: '', documentationUrl: '' }

test('each price that ships is found by a model it means, at the address of its vendor', () => {
  const table = shippedPrices()
  expect(table.prices.length).toBeGreaterThan(0)
  for (const { kind, model, source, ...price } of table.prices) {
    expect(source).toMatch(/^https:\/\//)
    const baseUrl = price.base_url ?? (KINDS[kind] as { baseUrl?: string }).baseUrl ?? ''
    const answering = {
      kind,
      model: model.replace('*', '26-01-01'),
      endpoint: { baseUrl, isGuarded: true },
    }
    const usage = { tokensIn: 1_000_000, tokensOut: 0, isEstimated: false }
    expect(table.costOf(answering, usage, new Date())).toEqual({
      micro: BigInt(price.input_micro),
      currency: price.currency,
    })
  }
})

test('what costs nothing to ask has no price', () => {
  const kinds = shippedPrices().prices.map(({ kind }) => kind)
  expect(kinds).not.toContain('ollama')
  expect(kinds).not.toContain('extractive')
})

test('pages are those of the model, else of the vendor, else none', () => {
  const pagesOf = shippedPages()
  const of = (provider: string, model = 'm') => pagesOf({ provider, model })
  expect(of('anthropic', 'claude-opus-5').documentationUrl).toContain('opus-5/')
  expect(of('anthropic', 'claude-opus-5-5').documentationUrl).toContain('opus-5-5/')
  expect(of('anthropic', 'claude-unheard-of').documentationUrl).toMatch(/models\/overview$/)
  expect(of('mistral').termsUrl).toMatch(/^https:\/\//)
  expect(of('ollama').termsUrl).toBe('')
  expect(of('openai-compatible')).toEqual(NONE)
  expect(of('extractive')).toEqual(NONE)
  expect(of('constructor')).toEqual(NONE)
})
