import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client'
import type { AppError } from '@lexcustis/core'

export { Counter, Gauge, Histogram, type Registry } from 'prom-client'

/** What a finished RPC reports; `CallReport` of @lexcustis/rpc has this shape. */
interface Report {
  readonly path: string
  readonly caller: string
  readonly durationMs: number
  readonly error?: AppError
}

export interface Metrics {
  readonly registry: Registry
  /** Counts and times RPCs; INTERNAL ones also go to `onFault`, which should log them. */
  callReporter(onFault: (report: Report) => void): (report: Report) => void
}

const LATENCY_SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600,
]

/** Prometheus registry of one process, with Node's own metrics. */
export function createMetrics(service: string): Metrics {
  const registry = new Registry()
  registry.setDefaultLabels({ service })
  collectDefaultMetrics({ register: registry })
  const duration = new Histogram({
    name: 'lexcustis_rpc_duration_seconds',
    help: 'Duration of gRPC calls answered, by method and reason (OK when it succeeded)',
    labelNames: ['rpc', 'reason'] as const,
    buckets: LATENCY_SECONDS,
    registers: [registry],
  })
  const faults = new Counter({
    name: 'lexcustis_rpc_faults_total',
    help: 'gRPC calls that ended in INTERNAL',
    labelNames: ['rpc'] as const,
    registers: [registry],
  })
  return {
    registry,
    callReporter: (onFault) => (report) => {
      const reason = report.error?.reason ?? 'OK'
      duration.observe({ rpc: report.path, reason }, report.durationMs / 1000)
      if (reason !== 'INTERNAL') return
      faults.inc({ rpc: report.path })
      onFault(report)
    },
  }
}
