import type { ReadinessCheck } from '@lexcustis/runtime'
import type { Budget, Limiter } from '../domain/limits.js'
import { createMemoryBudget, createMemoryLimiter } from './memory-limits.js'
import {
  createRedisBudget,
  createRedisLimiter,
  type LimiterEvents,
  openRedis,
} from './redis-limits.js'

/** Where limits and budgets are counted. */
export interface Counters extends Disposable {
  readonly limiter: Limiter
  readonly budget: Budget
  readonly checks: readonly ReadinessCheck[]
}

/** In Redis when there is one, else in this process: right for exactly one gateway. */
export function openCounters(redisUrl: string | undefined, events: LimiterEvents): Counters {
  if (redisUrl === undefined) {
    return {
      limiter: createMemoryLimiter(),
      budget: createMemoryBudget(),
      checks: [],
      [Symbol.dispose]: () => undefined,
    }
  }
  const redis = openRedis(redisUrl)
  return {
    limiter: createRedisLimiter(redis, events),
    budget: createRedisBudget(redis),
    checks: [
      {
        name: 'redis',
        check: async () =>
          redis.status === 'ready'
            ? { status: 'ready', detail: 'connected' }
            : { status: 'degraded', detail: 'chats are refused: no budget can be checked' },
      },
    ],
    [Symbol.dispose]: () => redis.disconnect(),
  }
}
