import { z } from 'zod'
import type { Usage } from './completion.js'
import { closest, ModelPattern } from './model-pattern.js'
import { type Endpoint, KINDS, type KindName, kindOf } from './provider.js'

const MILLION = 1_000_000n
/** Above any price on earth, and small enough that no cost leaves what a record can hold. */
const MAX_PRICE = 10_000_000_000

const Price = z.strictObject({
  kind: z.enum(Object.keys(KINDS) as KindName[]),
  model: ModelPattern,
  /** Left out: the kind's own address, or whichever the operator gave to a kind without one. */
  base_url: z.url().optional(),
  /** From this day on, UTC. */
  valid_from: z.iso.date(),
  /** Of a million tokens, in millionths of the currency. */
  input_micro: z.int().min(0).max(MAX_PRICE),
  output_micro: z.int().min(0).max(MAX_PRICE),
  /** ISO 4217. */
  currency: z.string().regex(/^[A-Z]{3}$/, 'must be three capital letters, as in ISO 4217'),
  /** Where the price is published. */
  source: z.string().min(1),
  /** The day on which somebody looked. */
  as_of: z.iso.date(),
})
type Price = z.output<typeof Price>

const PriceTableFile = z.strictObject({
  about: z.string().optional(),
  prices: z.array(Price).superRefine((prices, context) => {
    const seen = new Set<string>()
    for (const [index, { kind, model, base_url, valid_from }] of prices.entries()) {
      const key = JSON.stringify([kind, model, base_url, valid_from])
      if (seen.has(key)) {
        const message = 'is there twice, for the same model from the same day on'
        context.addIssue({ code: 'custom', message, path: [index] })
      }
      seen.add(key)
    }
  }),
})

export interface Cost {
  /** Millionths of `currency`. */
  readonly micro: bigint
  /** ISO 4217. */
  readonly currency: string
}

/** Who answered, and where. */
export interface Answering {
  readonly kind: KindName
  readonly model: string
  /** Absent where no endpoint is asked. */
  readonly endpoint?: Pick<Endpoint, 'baseUrl' | 'isGuarded'> | undefined
}

/**
 * What tokens cost, as a table says. An estimate for budgets and reports: it knows no discounts, caches
 * or taxes, and the vendor's bill is what counts.
 */
export class PriceTable {
  private constructor(readonly prices: readonly Price[]) {}

  /** Throws a ZodError for anything but a price table. */
  static parse(json: unknown): PriceTable {
    return new PriceTable(PriceTableFile.parse(json).prices)
  }

  /** Rounded half up, once; undefined when there is no price, which is not the same as free. */
  costOf(answering: Answering, usage: Usage, at: Date): Cost | undefined {
    const price = this.priceOf(answering, at.toISOString().slice(0, 10))
    if (!price) return undefined
    const input = BigInt(usage.tokensIn) * BigInt(price.input_micro)
    const output = BigInt(usage.tokensOut) * BigInt(price.output_micro)
    return { micro: (input + output + MILLION / 2n) / MILLION, currency: price.currency }
  }

  /** Prices of this very address go before those of the kind; then the closest name, then the newest. */
  private priceOf(answering: Answering, day: string): Price | undefined {
    const { kind, model, endpoint } = answering
    if (!endpoint) return undefined
    const inForce = this.prices
      .filter((price) => price.kind === kind && price.valid_from <= day)
      .sort((one, other) => other.valid_from.localeCompare(one.valid_from))
    const isHere = ({ base_url }: Price) => base_url !== undefined && isSame(base_url, endpoint)
    const ofKind = isOwn(kind, endpoint) ? inForce.filter((price) => !price.base_url) : []
    return closest(inForce.filter(isHere), model) ?? closest(ofKind, model)
  }
}

type Address = NonNullable<Answering['endpoint']>

/** An address that an organisation gave may belong to anybody: prices of others say nothing about it. */
function isOwn(kind: KindName, endpoint: Address): boolean {
  const { baseUrl } = kindOf(kind)
  return baseUrl === undefined ? !endpoint.isGuarded : isSame(baseUrl, endpoint)
}

function isSame(baseUrl: string, endpoint: Address): boolean {
  return withoutSlash(baseUrl) === withoutSlash(endpoint.baseUrl)
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '')
}
