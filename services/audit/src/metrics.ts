import { Gauge, Histogram, type Metrics } from '@lexcustis/runtime'
import type { Anchoring } from './domain/anchoring.js'
import type { LogGuard } from './domain/signing/log-guard.js'

export interface AppendMetrics {
  /** Times one append, whatever becomes of it. */
  readonly time: <T>(work: () => Promise<T>) => Promise<T>
  readonly flushed: (rows: number) => void
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const ROWS = [1, 2, 4, 8, 16, 32, 64, 128, 256]

export function createAppendMetrics({ registry }: Metrics, waiting: () => number): AppendMetrics {
  const registers = [registry]
  const latency = new Histogram({
    name: 'lexcustis_audit_append_seconds',
    help: 'Time from the request to append a record until it is durable',
    buckets: SECONDS,
    registers,
  })
  const batch = new Histogram({
    name: 'lexcustis_audit_batch_rows',
    help: 'Records written by one transaction',
    buckets: ROWS,
    registers,
  })
  new Gauge({
    name: 'lexcustis_audit_queue_records',
    help: 'Records that wait to be written',
    registers,
    collect() {
      this.set(waiting())
    },
  })
  return {
    time: async (work) => {
      const stop = latency.startTimer()
      try {
        return await work()
      } finally {
        stop()
      }
    },
    flushed: (rows) => batch.observe(rows),
  }
}

/** What pages an operator: logs that differ from what was signed, records that are not signed. */
export function measureCheckpoints(
  { registry }: Metrics,
  guard: LogGuard,
  anchoring: Pick<Anchoring, 'backlog'>,
): void {
  const registers = [registry]
  new Gauge({
    name: 'lexcustis_audit_unanchored_records',
    help: 'Records under a checkpoint that the witness which lacks most has not been given',
    registers,
    collect() {
      this.set(Number(anchoring.backlog().unanchoredRecords))
    },
  })
  new Gauge({
    name: 'lexcustis_audit_oldest_unanchored_seconds',
    help: 'How long the oldest checkpoint has waited for a witness',
    registers,
    collect() {
      this.set(anchoring.backlog().oldestUnanchoredSeconds)
    },
  })
  new Gauge({
    name: 'lexcustis_audit_diverged_organizations',
    help: 'Organisations whose log differs from what was signed; each is read-only',
    registers,
    collect() {
      this.set(guard.divergedOrganizations)
    },
  })
  new Gauge({
    name: 'lexcustis_audit_oldest_unsigned_seconds',
    help: 'How long the oldest record of this process has waited for a checkpoint',
    registers,
    collect() {
      this.set(guard.oldestUnsignedMs / 1_000)
    },
  })
}
