import { z } from 'zod'
import type { Usage } from './completion.js'

const MILLION = 1_000_000n
/** Above any price on earth, and small enough that no cost leaves what a record can hold. */
const MAX_PRICE = 10_000_000_000

const Price = z.strictObject({
  provider: z.string().min(1),
  /** A name, or the beginning of names and `*`. */
  model: z.string().min(1),
  /** From this day on, UTC. */
  from: z.iso.date(),
  /** Of a million tokens, in millionths of the currency. */
  input: z.int().min(0).max(MAX_PRICE),
  output: z.int().min(0).max(MAX_PRICE),
  /** ISO 4217. */
  currency: z.string().regex(/^[A-Z]{3}$/),
  source: z.string().min(1),
  /** When somebody looked. */
  as_of: z.string().min(1),
})
type Price = z.output<typeof Price>

const PriceTableFile = z.strictObject({ about: z.string().optional(), prices: z.array(Price) })

export interface Cost {
  /** Millionths of `currency`. */
  readonly micro: bigint
  /** ISO 4217. */
  readonly currency: string
}

/**
 * What tokens cost, as a table says. An estimate for budgets and reports: it knows no discounts, caches
 * or taxes, and the vendor's bill is what counts.
 */
export class PriceTable {
  private constructor(private readonly prices: readonly Price[]) {}

  /** Throws a ZodError for anything but a price table. */
  static parse(json: unknown): PriceTable {
    return new PriceTable(PriceTableFile.parse(json).prices)
  }

  /** Rounded half up; undefined when there is no price, which is not the same as free. */
  costOf(provider: string, model: string, usage: Usage, at: Date): Cost | undefined {
    const price = this.priceOf(provider, model, at.toISOString().slice(0, 10))
    if (!price) return undefined
    const input = BigInt(usage.tokensIn) * BigInt(price.input)
    const output = BigInt(usage.tokensOut) * BigInt(price.output)
    return { micro: (input + output + MILLION / 2n) / MILLION, currency: price.currency }
  }

  /** The closest name, then the newest price of it that is in force. */
  private priceOf(provider: string, model: string, day: string): Price | undefined {
    return this.prices
      .filter((price) => price.provider === provider && price.from <= day && fits(price, model))
      .sort((one, other) => rank(other) - rank(one) || (one.from < other.from ? 1 : -1))[0]
  }
}

function fits({ model: name }: Price, model: string): boolean {
  return name.endsWith('*') ? model.startsWith(name.slice(0, -1)) : model === name
}

/** An exact name goes before every beginning of it. */
function rank({ model }: Price): number {
  return model.endsWith('*') ? model.length - 1 : Number.MAX_SAFE_INTEGER
}
