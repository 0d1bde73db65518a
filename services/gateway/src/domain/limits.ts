/** How often something may happen. */
export interface LimitPolicy {
  /** Name shown in the RateLimit headers and part of the counter's key. */
  readonly name: 'user' | 'ip' | 'login'
  readonly limit: number
  readonly windowSeconds: number
}

export interface LimitState {
  readonly allowed: boolean
  readonly remaining: number
  /** Milliseconds until the window starts again. */
  readonly resetMs: number
}

/** Counts events per key in a window; shared by every gateway when the store is. */
export interface Limiter {
  /** Counts one event. Never throws: without its store it counts in this process. */
  hit(policy: LimitPolicy, key: string): Promise<LimitState>
  /** The state without counting; `remaining` 0 means that the next hit would be refused. */
  peek(policy: LimitPolicy, key: string): Promise<LimitState>
}

/** A day's allowance per organisation, in one atomic step. */
export interface Budget {
  /**
   * Takes one place of the day, unless `cap` places are taken. Returns whether it did.
   * `day` is `YYYYMMDD`, UTC. Throws UNAVAILABLE when the store does not answer.
   */
  take(organizationId: string, day: string, cap: number): Promise<boolean>
  /** Gives a place back. */
  release(organizationId: string, day: string): Promise<void>
}

/** `YYYYMMDD` in UTC. */
export function utcDay(micros: bigint): string {
  return new Date(Number(micros / 1000n)).toISOString().slice(0, 10).replaceAll('-', '')
}

/** Milliseconds until the UTC day of `micros` ends. */
export function msUntilNextUtcDay(micros: bigint): number {
  const dayMs = 86_400_000
  return dayMs - (Number(micros / 1000n) % dayMs)
}
