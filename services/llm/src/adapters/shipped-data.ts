import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { PriceTable } from '../domain/price-table.js'

/** The same folder from src and from dist. */
const DATA = new URL('../../data/', import.meta.url)

const Vendors = z.strictObject({
  about: z.string(),
  vendors: z.record(
    z.string(),
    z.strictObject({ terms: z.url().optional(), documentation: z.url().optional() }),
  ),
})

/** Pages of a vendor; empty when none is known. */
export interface VendorPages {
  readonly termsUrl: string
  readonly documentationUrl: string
}

function read(name: string): unknown {
  return JSON.parse(readFileSync(new URL(name, DATA), 'utf8'))
}

/** The price table that ships. */
export function shippedPrices(): PriceTable {
  return PriceTable.parse(read('prices.json'))
}

/** Terms and documentation by kind of provider. */
export function shippedVendorPages(): (provider: string) => VendorPages {
  const pages = new Map(Object.entries(Vendors.parse(read('vendors.json')).vendors))
  return (provider) => {
    const { terms = '', documentation = '' } = pages.get(provider) ?? {}
    return { termsUrl: terms, documentationUrl: documentation }
  }
}
