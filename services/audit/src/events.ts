import type { CallReport } from '@lexcustis/rpc'
import type { Logger } from '@lexcustis/runtime'
import type { KeyWarning } from './key-config.js'
import type { Exported } from './domain/export/export-bundle.js'
import type { Divergence } from './domain/signing/divergence.js'
import type { VerifyResult } from './domain/verify-log.js'

/** What this service says about itself; nothing else logs. Ids, codes and counts only. */
export interface AuditEvents {
  readonly started: (port: number, metricsPort: number) => void
  readonly callFailed: (
    report: Pick<CallReport, 'path' | 'caller' | 'durationMs' | 'error'>,
  ) => void
  readonly chatLost: (organizationId: string, ref: string) => void
  /** A whole bundle left. */
  readonly exported: (exported: Exported) => void
  readonly keyExposed: (warning: KeyWarning) => void
  /** Until it is put right, this replica writes nothing to that organisation's log. */
  readonly keyRefused: (organizationId: string, problem: string) => void
  /** Nothing went that should have gone; the next run tries again. */
  readonly retentionFailed: (organizationId: string | undefined, error: unknown) => void
  readonly scanFailed: (error: unknown) => void
  readonly signFailed: (organizationId: string, error: unknown) => void
  readonly witnessFailed: (name: string, error: unknown) => void
  readonly sweepFailed: (error: unknown) => void
  /** The log is read-only until an operator starts a new incarnation. */
  readonly logDiverged: (organizationId: string, divergence: Divergence) => void
  readonly runNotRecorded: (organizationId: string, error: unknown) => void
  readonly chainBroken: (organizationId: string, result: VerifyResult) => void
}

export function createEvents(log: Logger): AuditEvents {
  return {
    started: (port, metricsPort) =>
      log.info({ port, address: `metrics ${metricsPort}` }, 'started'),
    callFailed: ({ path: rpc, caller, durationMs, error }) => {
      const durationRounded = Math.round(durationMs)
      log.error(
        { rpc, caller, duration_ms: durationRounded, reason: error?.reason, error },
        'call failed',
      )
    },
    chatLost: (organizationId, ref) =>
      log.warn({ organization_id: organizationId, request_id: ref }, 'chat lost'),
    exported: ({ organizationId, kind, treeSize, records: count }) =>
      log.info(
        { organization_id: organizationId, kind, signed: String(treeSize), count },
        'exported',
      ),
    keyExposed: ({ name, problem }) => log.warn({ name, problem }, 'key exposed'),
    keyRefused: (organizationId, problem) =>
      log.error({ organization_id: organizationId, problem }, 'log not extended'),
    retentionFailed: (organizationId, error) =>
      log.error({ organization_id: organizationId, error }, 'retention not applied'),
    scanFailed: (error) => log.warn({ error }, 'scan for lost chats failed'),
    signFailed: (organizationId, error) =>
      log.error({ organization_id: organizationId, error }, 'checkpoint not signed'),
    runNotRecorded: (organizationId, error) =>
      log.error({ organization_id: organizationId, error }, 'check of the log not recorded'),
    witnessFailed: (name, error) => log.warn({ name, error }, 'witness not reached'),
    sweepFailed: (error) => log.error({ error }, 'sweep of the logs failed'),
    logDiverged: (organizationId, { code, incarnation, signedSize, storedSize }) => {
      const fields = {
        organization_id: organizationId,
        incarnation,
        code,
        signed: String(signedSize),
        stored: String(storedSize),
      }
      log.error(fields, 'log differs from what was signed')
    },
    // Somebody is woken: this is what the log is for. An empty log is no reason to.
    chainBroken: (organizationId, { breaks, checked, expected }) => {
      if (expected === 0n) return
      const fields = {
        organization_id: organizationId,
        count: String(breaks),
        checked: String(checked),
        expected: String(expected),
      }
      log.error(fields, 'chain broken')
    },
  }
}
