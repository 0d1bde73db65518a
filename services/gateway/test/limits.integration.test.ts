import { AppError, uuidv7 } from '@lexcustis/core'
import { startTestRedis, type TestRedis } from '@lexcustis/testing'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  budgetKey,
  createMemoryBudget,
  createMemoryLimiter,
} from '../src/adapters/memory-limits.js'
import { createRedisBudget, createRedisLimiter, openRedis } from '../src/adapters/redis-limits.js'
import type { Budget, Limiter, LimitPolicy } from '../src/domain/limits.js'

const POLICY: LimitPolicy = { name: 'user', limit: 20, windowSeconds: 60 }
const DAY = '20261123'

/** Two views of one store, as two gateways have them. */
interface Store {
  readonly limiters: readonly [Limiter, Limiter]
  readonly budgets: readonly [Budget, Budget]
}

function describeLimits(name: string, open: () => Promise<Store>): void {
  describe(`limits: ${name}`, () => {
    let store: Store
    beforeAll(async () => {
      store = await open()
    })

    test('ten times the limit at once, over two gateways, admits exactly the limit', async () => {
      const key = uuidv7()
      const states = await Promise.all(
        Array.from({ length: POLICY.limit * 10 }, async (_, n) =>
          store.limiters[n % 2 ? 1 : 0].hit(POLICY, key),
        ),
      )
      expect(states.filter(({ allowed }) => allowed)).toHaveLength(POLICY.limit)
    })

    test('a hit says how many are left and when the window ends', async () => {
      const key = uuidv7()
      const [limiter] = store.limiters
      expect(await limiter.hit(POLICY, key)).toMatchObject({ allowed: true, remaining: 19 })
      const { remaining, resetMs } = await limiter.hit(POLICY, key)
      expect(remaining).toBe(18)
      expect(resetMs).toBeGreaterThan(0)
      expect(resetMs).toBeLessThanOrEqual(60_000)
    })

    test('looking does not count', async () => {
      const key = uuidv7()
      const [one, other] = store.limiters
      expect(await one.peek(POLICY, key)).toMatchObject({ remaining: 20 })
      await one.hit(POLICY, key)
      expect(await other.peek(POLICY, key)).toMatchObject({ remaining: 19 })
      expect(await one.peek(POLICY, key)).toMatchObject({ remaining: 19 })
    })

    test('a used-up key shows nothing left and leaves others alone', async () => {
      const key = uuidv7()
      const [limiter] = store.limiters
      for (let n = 0; n < 25; n += 1) await limiter.hit(POLICY, key)
      expect(await limiter.peek(POLICY, key)).toMatchObject({ allowed: false, remaining: 0 })
      expect(await limiter.hit(POLICY, uuidv7())).toMatchObject({ allowed: true })
      expect(await limiter.hit({ ...POLICY, name: 'ip' }, key)).toMatchObject({ allowed: true })
    })

    test('a window that is over starts again', async () => {
      const short: LimitPolicy = { name: 'login', limit: 1, windowSeconds: 1 }
      const key = uuidv7()
      const [limiter] = store.limiters
      await limiter.hit(short, key)
      expect(await limiter.hit(short, key)).toMatchObject({ allowed: false })
      await expect
        .poll(async () => (await limiter.hit(short, key)).allowed, {
          timeout: 5_000,
          interval: 300,
        })
        .toBe(true)
    })
  })

  describe(`budget: ${name}`, () => {
    let store: Store
    beforeAll(async () => {
      store = await open()
    })

    test('ten times the cap at once, over two gateways, takes exactly the cap', async () => {
      const organization = uuidv7()
      const taken = await Promise.all(
        Array.from({ length: 300 }, async (_, n) =>
          store.budgets[n % 2 ? 1 : 0].take(organization, DAY, 30),
        ),
      )
      expect(taken.filter(Boolean)).toHaveLength(30)
    })

    test('a place given back can be taken again, once', async () => {
      const organization = uuidv7()
      const [one, other] = store.budgets
      expect(await one.take(organization, DAY, 1)).toBe(true)
      expect(await other.take(organization, DAY, 1)).toBe(false)
      await other.release(organization, DAY)
      expect(await one.take(organization, DAY, 1)).toBe(true)
      expect(await one.take(organization, DAY, 1)).toBe(false)
    })

    test('giving back more than was taken makes no place', async () => {
      const organization = uuidv7()
      const [budget] = store.budgets
      await budget.release(organization, DAY)
      await budget.release(organization, DAY)
      expect(await budget.take(organization, DAY, 1)).toBe(true)
      expect(await budget.take(organization, DAY, 1)).toBe(false)
    })

    test('organisations and days are counted apart', async () => {
      const [budget] = store.budgets
      const organization = uuidv7()
      expect(await budget.take(organization, DAY, 1)).toBe(true)
      expect(await budget.take(uuidv7(), DAY, 1)).toBe(true)
      expect(await budget.take(organization, '20261124', 1)).toBe(true)
    })

    test('a cap of zero admits nobody', async () => {
      expect(await store.budgets[0].take(uuidv7(), DAY, 0)).toBe(false)
    })
  })
}

describeLimits('in process', async () => {
  const limiter = createMemoryLimiter()
  const budget = createMemoryBudget()
  return { limiters: [limiter, limiter], budgets: [budget, budget] }
})

const redis: TestRedis | undefined = await startTestRedis()
afterAll(async () => redis?.[Symbol.asyncDispose]())

describe.skipIf(!redis)('with a Redis server (skipped where none is installed)', () => {
  const clients: ReturnType<typeof openRedis>[] = []
  const seen: string[] = []
  const events = {
    limitsDegraded: () => void seen.push('degraded'),
    limitsRecovered: () => void seen.push('recovered'),
  }
  const connect = async () => {
    const client = openRedis(redis?.url ?? '')
    clients.push(client)
    await vi.waitFor(() => expect(client.status).toBe('ready'), { timeout: 5_000 })
    return client
  }
  afterAll(() => {
    for (const client of clients) client.disconnect()
  })

  describeLimits('Redis', async () => {
    const [one, other] = [await connect(), await connect()]
    return {
      limiters: [createRedisLimiter(one, events), createRedisLimiter(other, events)],
      budgets: [createRedisBudget(one), createRedisBudget(other)],
    }
  })

  test('a counter of the budget expires, and has the documented name', async () => {
    const client = await connect()
    const organization = uuidv7()
    await createRedisBudget(client).take(organization, DAY, 5)
    expect(budgetKey(organization, DAY)).toBe(`budget:chat:${organization}:${DAY}`)
    expect(await client.get(budgetKey(organization, DAY))).toBe('1')
    expect(await client.ttl(budgetKey(organization, DAY))).toBeGreaterThan(86_400)
  })

  test('while Redis is away budgets refuse and rate limits go on in the process', async () => {
    const client = await connect()
    const limiter = createRedisLimiter(client, events)
    const budget = createRedisBudget(client)
    const key = uuidv7()
    await limiter.hit(POLICY, key)
    await redis?.kill()
    seen.length = 0
    const error = await budget.take(uuidv7(), DAY, 5).catch((caught: unknown) => caught)
    expect(AppError.from(error).reason).toBe('UNAVAILABLE')
    const states = []
    for (let n = 0; n < 25; n += 1) states.push(await limiter.hit(POLICY, key))
    expect(states.filter(({ allowed }) => allowed)).toHaveLength(POLICY.limit)
    expect(seen).toEqual(['degraded'])

    await redis?.start()
    await expect
      .poll(async () => budget.take(uuidv7(), DAY, 5).catch(() => false), { timeout: 10_000 })
      .toBe(true)
    await limiter.hit(POLICY, key)
    expect(seen).toEqual(['degraded', 'recovered'])
  })
})
