import { setTimeout } from 'node:timers/promises'
import { isPassing, retryAfterMs } from './qdrant-errors.js'

/** All times in milliseconds. */
export interface RetryPolicy {
  /** Requests altogether, the first included. */
  readonly attempts: number
  /** Before the second request; doubled before each later one, and half of it at random. */
  readonly delayMs: number
  /** Longer waits are not worth it: whoever asked is told instead. */
  readonly maxDelayMs: number
}

export const RETRIES: RetryPolicy = { attempts: 4, delayMs: 100, maxDelayMs: 10_000 }

/**
 * Repeats what may be repeated. A request that is asked to wait (Retry-After, RFC 9110, section 10.2.3)
 * waits so long, or fails at once when that is beyond the bound. `signal` ends the wait with the error.
 */
export async function retryPassing<T>(
  operation: () => Promise<T>,
  { attempts, delayMs, maxDelayMs }: RetryPolicy,
  signal: AbortSignal,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await operation()
    } catch (error) {
      const asked = retryAfterMs(error, Date.now())
      const isWorthIt = isPassing(error) && attempt < attempts && asked <= maxDelayMs
      if (!isWorthIt || signal.aborted) throw error
      const own = delayMs * 2 ** (attempt - 1) * (0.5 + Math.random())
      await setTimeout(Math.max(asked, Math.min(own, maxDelayMs)), undefined, { signal }).catch(
        () => {
          throw error
        },
      )
    }
  }
}
