import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import type { Budget, Limiter, LimitPolicy, LimitState } from '../domain/limits.js'

/** Counters of this process alone: for one gateway, and while Redis is away. */
export function createMemoryLimiter(): Limiter {
  const limiters = new Map<string, RateLimiterMemory>()
  const of = (policy: LimitPolicy): RateLimiterMemory => {
    const known = limiters.get(policy.name)
    if (known) return known
    const { name, limit, windowSeconds } = policy
    const created = new RateLimiterMemory({
      keyPrefix: name,
      points: limit,
      duration: windowSeconds,
    })
    limiters.set(name, created)
    return created
  }
  return {
    hit: async (policy, key) => consume(of(policy), key),
    peek: async (policy, key) => toState(policy, await of(policy).get(key)),
  }
}

interface Consumer {
  consume(key: string): Promise<RateLimiterRes>
}

/** The library rejects with a result when the limit is reached, with an Error when its store fails. */
export async function consume(limiter: Consumer, key: string): Promise<LimitState> {
  try {
    const { remainingPoints, msBeforeNext } = await limiter.consume(key)
    return { allowed: true, remaining: remainingPoints, resetMs: msBeforeNext }
  } catch (error) {
    if (!(error instanceof RateLimiterRes)) throw error
    return { allowed: false, remaining: 0, resetMs: error.msBeforeNext }
  }
}

export function toState(policy: LimitPolicy, found: RateLimiterRes | null): LimitState {
  if (!found) {
    return { allowed: true, remaining: policy.limit, resetMs: policy.windowSeconds * 1000 }
  }
  const remaining = Math.max(0, policy.limit - found.consumedPoints)
  return { allowed: remaining > 0, remaining, resetMs: found.msBeforeNext }
}

/** Places taken today, in this process. */
export function createMemoryBudget(): Budget {
  const taken = new Map<string, number>()
  let today = ''
  return {
    take: async (organizationId, day, cap) => {
      if (day > today) {
        // Yesterday's counts answer no question any more.
        taken.clear()
        today = day
      }
      const key = budgetKey(organizationId, day)
      const count = taken.get(key) ?? 0
      if (count >= cap) return false
      taken.set(key, count + 1)
      return true
    },
    release: async (organizationId, day) => {
      const key = budgetKey(organizationId, day)
      const count = taken.get(key)
      if (count) taken.set(key, count - 1)
    },
  }
}

export function budgetKey(organizationId: string, day: string): string {
  return `budget:chat:${organizationId}:${day}`
}
