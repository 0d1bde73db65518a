import { AppError } from '@lexcustis/core'
import { Redis } from 'ioredis'
import { RateLimiterRedis } from 'rate-limiter-flexible'
import type { Budget, Limiter, LimitPolicy } from '../domain/limits.js'
import { budgetKey, consume, createMemoryLimiter, toState } from './memory-limits.js'

const COMMAND_TIMEOUT_MS = 500
const MAX_RECONNECT_MS = 2_000

/**
 * A connection that fails fast: a command while Redis is away is an error at once, never queued,
 * because whoever waits for it is somebody's request.
 */
export function openRedis(url: string): Redis {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: COMMAND_TIMEOUT_MS,
    connectTimeout: 2_000,
    retryStrategy: (attempt) => Math.min(attempt * 100, MAX_RECONNECT_MS),
  })
  // Each failed reconnect is reported by the commands that need it; unhandled it would end the process.
  redis.on('error', () => undefined)
  return redis
}

export interface LimiterEvents {
  limitsDegraded(error: unknown): void
  limitsRecovered(): void
}

/** Counters shared by every gateway; while Redis is away each counts on its own. */
export function createRedisLimiter(redis: Redis, events: LimiterEvents): Limiter {
  const fallback = createMemoryLimiter()
  const limiters = new Map<string, RateLimiterRedis>()
  let isDegraded = false

  const of = (policy: LimitPolicy): RateLimiterRedis => {
    const { name, limit, windowSeconds } = policy
    const limiter =
      limiters.get(name) ??
      new RateLimiterRedis({
        storeClient: redis,
        keyPrefix: name,
        points: limit,
        duration: windowSeconds,
        rejectIfRedisNotReady: true,
      })
    limiters.set(name, limiter)
    return limiter
  }
  const orFallback = async <T>(shared: () => Promise<T>, local: () => Promise<T>): Promise<T> => {
    try {
      const state = await shared()
      if (isDegraded) events.limitsRecovered()
      isDegraded = false
      return state
    } catch (error) {
      if (!isDegraded) events.limitsDegraded(error)
      isDegraded = true
      return local()
    }
  }
  return {
    hit: async (policy, key) =>
      orFallback(
        async () => consume(of(policy), key),
        async () => fallback.hit(policy, key),
      ),
    peek: async (policy, key) =>
      orFallback(
        async () => toState(policy, await of(policy).get(key)),
        async () => fallback.peek(policy, key),
      ),
  }
}

/** KEYS[1] counter, ARGV[1] cap, ARGV[2] seconds to keep it. Returns 1 when a place was taken. */
const TAKE = `
local taken = tonumber(redis.call('GET', KEYS[1]) or '0')
if taken >= tonumber(ARGV[1]) then return 0 end
redis.call('INCR', KEYS[1])
if taken == 0 then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
return 1`

/** Never below zero, and never a counter without an expiry. */
const RELEASE = `
if tonumber(redis.call('GET', KEYS[1]) or '0') > 0 then redis.call('DECR', KEYS[1]) end
return 1`

const KEEP_SECONDS = 2 * 86_400

/** The day's places in Redis, taken in one script: two gateways never take the same one. */
export function createRedisBudget(redis: Redis): Budget {
  const run = async (script: string, key: string, ...values: readonly number[]) => {
    try {
      return await redis.eval(script, 1, key, ...values)
    } catch (cause) {
      throw new AppError('UNAVAILABLE', 'the budget cannot be checked now', {
        cause,
        retryAfterMs: 1_000,
      })
    }
  }
  return {
    take: async (organizationId, day, cap) =>
      (await run(TAKE, budgetKey(organizationId, day), cap, KEEP_SECONDS)) === 1,
    release: async (organizationId, day) => {
      await run(RELEASE, budgetKey(organizationId, day))
    },
  }
}
