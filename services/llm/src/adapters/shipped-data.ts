import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { closest, ModelPattern } from '../domain/model-pattern.js'
import { PriceTable } from '../domain/price-table.js'
import { KINDS, type KindName } from '../domain/provider.js'
import type { PagesOf } from '../domain/provider-manifest.js'

/** The same folder from src and from dist. */
const DATA = new URL('../../data/', import.meta.url)

const page = () => z.url({ protocol: /^https$/ })

const Vendors = z.strictObject({
  about: z.string(),
  vendors: z.partialRecord(
    z.enum(Object.keys(KINDS) as KindName[]),
    z.strictObject({
      terms: page().optional(),
      documentation: page().optional(),
      /** Pages of single models, by name or beginning of names. */
      models: z.array(z.strictObject({ model: ModelPattern, documentation: page() })).default([]),
    }),
  ),
})

function read(name: string): unknown {
  return JSON.parse(readFileSync(new URL(name, DATA), 'utf8'))
}

/** The price table that ships. */
export function shippedPrices(): PriceTable {
  return PriceTable.parse(read('prices.json'))
}

/** The vendors' pages that ship. */
export function shippedPages(): PagesOf {
  const pages = new Map(Object.entries(Vendors.parse(read('vendors.json')).vendors))
  return ({ provider, model }) => {
    const vendor = pages.get(provider)
    const documentation = closest(vendor?.models ?? [], model)?.documentation
    return {
      termsUrl: vendor?.terms ?? '',
      documentationUrl: documentation ?? vendor?.documentation ?? '',
    }
  }
}
