import type { AppError } from '@lexcustis/core'
import { Counter, Histogram, type Logger, type Metrics } from '@lexcustis/runtime'
import type { CheckReport } from './handlers/check-service.js'

/** What the compliance service says about itself; never anything a person or a model wrote. */
export interface Events {
  readonly started: (port: number) => void
  readonly policyChanged: (organizationId: string, version: string) => void
  readonly callFailed: (rpc: string, caller: string, error: AppError | undefined) => void
  readonly checked: (report: CheckReport) => void
}

const CHECK_SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]

export function createEvents(log: Logger, { registry }: Metrics): Events {
  const duration = new Histogram({
    name: 'lexcustis_compliance_check_duration_seconds',
    help: 'Duration of a check, policy included, by stage and decision',
    labelNames: ['stage', 'decision'] as const,
    buckets: CHECK_SECONDS,
    registers: [registry],
  })
  const findings = new Counter({
    name: 'lexcustis_compliance_findings_total',
    help: 'Findings by stage, check and type',
    labelNames: ['stage', 'check', 'type'] as const,
    registers: [registry],
  })
  return {
    started: (port) => log.info({ port }, 'listening'),
    policyChanged: (organizationId, version) =>
      log.info({ organization_id: organizationId, version }, 'policy changed'),
    callFailed: (rpc, caller, error) =>
      log.error({ rpc, caller, reason: error?.reason, error: error?.cause }, 'call failed'),
    checked: (report) => {
      const decision = report.isBlocked ? 'block' : 'allow'
      duration.observe({ stage: report.stage, decision }, report.durationMs / 1000)
      for (const { check, type } of report.findings) {
        findings.inc({ stage: report.stage, check, type })
      }
    },
  }
}
