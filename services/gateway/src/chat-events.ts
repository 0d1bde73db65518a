import { Counter, Gauge, Histogram, type Logger, type Metrics } from '@lexcustis/runtime'
import type { ChatEvents } from './domain/chat/ports.js'

const SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]

/** Counts every chat; logs only what somebody should look at. */
export function createChatEvents(
  log: Logger,
  { registry }: Pick<Metrics, 'registry'>,
  running: () => number,
): ChatEvents {
  const registers = [registry]
  const ends = new Counter({
    name: 'lexcustis_chat_ends_total',
    help: 'Ends of chats by outcome',
    labelNames: ['outcome'] as const,
    registers,
  })
  const firstToken = new Histogram({
    name: 'lexcustis_chat_first_token_seconds',
    help: 'From the request to the first text of the answer',
    buckets: SECONDS,
    registers,
  })
  const delayed = new Counter({
    name: 'lexcustis_chat_end_retries_total',
    help: 'Appends of an end that failed and were tried again',
    registers,
  })
  new Gauge({
    name: 'lexcustis_chats_running',
    help: 'Chats being answered now',
    registers,
    collect(this: Gauge) {
      this.set(running())
    },
  })
  return {
    ended({ requestId, outcome, firstTokenMs, cause }) {
      ends.inc({ outcome })
      if (firstTokenMs !== undefined) firstToken.observe(firstTokenMs / 1000)
      if (outcome !== 'internal_error' && outcome !== 'upstream_error') return
      const level = outcome === 'internal_error' ? 'error' : 'warn'
      log[level]({ request_id: requestId, outcome, error: cause?.cause ?? cause }, 'chat failed')
    },
    endDelayed({ requestId, attempt, cause }) {
      delayed.inc()
      // The first failure and then every tenth: an outage must not drown the log.
      if (attempt % 10 === 1) {
        log.warn({ request_id: requestId, attempt, error: cause }, 'end of a chat not recorded yet')
      }
    },
    endGivenUp({ requestId, cause }) {
      log.error({ request_id: requestId, error: cause }, 'end of a chat not recorded')
    },
  }
}
