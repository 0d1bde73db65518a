import type { LogName } from './checkpoint-store.js'
import type { Delivered } from './witness.js'

/** What one witness lacks of one log. */
export interface Pending {
  readonly log: LogName
  /** Newest size known to be in the store. */
  newest: bigint
  /** Largest size delivered; 0 for none. */
  delivered: bigint
  /** When the oldest checkpoint not delivered was stored, as far as is known; microseconds. */
  sinceMicros: bigint
  /** Not before, on the monotonic clock. */
  notBeforeMs: number
  /** When it was last tried, on the monotonic clock. */
  triedAtMs: number
  failures: number
}

export interface WitnessBacklog {
  readonly witness: string
  /** Records that no delivered checkpoint covers, over all logs. */
  readonly unanchoredRecords: bigint
  /** Age of the oldest checkpoint that was not delivered; 0 when there is none. */
  readonly oldestUnanchoredSeconds: number
}

export interface Backoff {
  readonly firstMs: number
  readonly capMs: number
  /** 0 ≤ x < 1. */
  readonly random: () => number
}

/** One moment: microseconds since 1970 for people, monotonic milliseconds for waiting. */
export interface Instant {
  readonly micros: bigint
  readonly ms: number
}

/** The logs one witness is given, and which of them is next. Times are milliseconds of one clock. */
export interface AnchorQueue {
  has(log: LogName): boolean
  /** A log as it is found in the store, and what is known of earlier deliveries. */
  found(log: LogName, newest: bigint, at: Instant, earlier?: Delivered): void
  /** The log to deliver now; undefined when there is none. */
  next(nowMs: number): Pending | undefined
  /** Milliseconds until there is something to deliver; Infinity when nothing is pending. */
  waitMs(nowMs: number): number
  delivered(pending: Pending, size: bigint, at: Instant): void
  failed(pending: Pending, nowMs: number): void
  backlog(nowMicros: bigint): Omit<WitnessBacklog, 'witness'>
}

export function createAnchorQueue(backoff: Backoff, everyMs: number): AnchorQueue {
  const logs = new Map<string, Pending>()
  // Logs that failed since something succeeded: a witness that refuses one log must not make the
  // others wait, and one that is down must not be asked for every log.
  const failing = new Set<string>()
  let pausedUntilMs = -Infinity

  const isPending = ({ newest, delivered }: Pending): boolean => newest > delivered
  const readyAt = ({ notBeforeMs }: Pending): number => Math.max(notBeforeMs, pausedUntilMs)
  const delayMs = (failures: number): number => {
    const full = Math.min(backoff.capMs, backoff.firstMs * 2 ** (failures - 1))
    return full * (0.5 + backoff.random() / 2)
  }
  const pendingLogs = (): Pending[] => [...logs.values()].filter(isPending)

  return {
    has: (log) => logs.has(logKey(log)),
    found(log, newest, at, earlier) {
      const known = logs.get(logKey(log))
      if (!known) {
        logs.set(logKey(log), {
          log,
          newest,
          delivered: earlier?.size ?? 0n,
          sinceMicros: earlier?.atMicros ?? at.micros,
          notBeforeMs: earlier ? at.ms + restOf(everyMs, earlier, at) : -Infinity,
          triedAtMs: -Infinity,
          failures: 0,
        })
      } else if (newest > known.newest) {
        if (!isPending(known)) known.sinceMicros = at.micros
        known.newest = newest
      }
    },
    next(nowMs) {
      const ready = pendingLogs().filter((pending) => readyAt(pending) <= nowMs)
      const [first, ...others] = ready
      if (!first) return undefined
      return others.reduce((best, other) => (isBefore(other, best) ? other : best), first)
    },
    waitMs: (nowMs) =>
      Math.max(0, pendingLogs().reduce((at, log) => Math.min(at, readyAt(log)), Infinity) - nowMs),
    delivered(pending, size, at) {
      failing.clear()
      pausedUntilMs = -Infinity
      pending.failures = 0
      pending.notBeforeMs = at.ms + everyMs
      pending.triedAtMs = at.ms
      if (size > pending.newest) pending.newest = size
      if (size > pending.delivered) pending.delivered = size
      // Whatever is still missing was stored after this one was read.
      pending.sinceMicros = at.micros
    },
    failed(pending, nowMs) {
      pending.failures += 1
      pending.triedAtMs = nowMs
      failing.add(logKey(pending.log))
      pending.notBeforeMs = nowMs + delayMs(pending.failures)
      pausedUntilMs = nowMs + delayMs(failing.size)
    },
    backlog(nowMicros) {
      let unanchoredRecords = 0n
      let oldest = nowMicros
      for (const { newest, delivered, sinceMicros } of pendingLogs()) {
        unanchoredRecords += newest - delivered
        if (sinceMicros < oldest) oldest = sinceMicros
      }
      return { unanchoredRecords, oldestUnanchoredSeconds: Number(nowMicros - oldest) / 1e6 }
    },
  }
}

/** Each in its turn; of those never tried, the one that has waited longest. */
function isBefore(left: Pending, right: Pending): boolean {
  if (left.triedAtMs !== right.triedAtMs) return left.triedAtMs < right.triedAtMs
  return left.sinceMicros < right.sinceMicros
}

/** A clock that was set must not make it longer than the whole. */
function restOf(everyMs: number, { atMicros }: Delivered, { micros }: Instant): number {
  const rest = everyMs - Number(micros - atMicros) / 1000
  return Math.min(Math.max(rest, 0), everyMs)
}

function logKey(log: LogName): string {
  return log === 'deployment' ? log : `${log.organizationId}/${log.incarnation}`
}
