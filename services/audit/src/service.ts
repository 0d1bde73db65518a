import { AppError, systemClock } from '@lexcustis/core'
import { createTenantTokenVerifier, startRpcServer, withPeers } from '@lexcustis/rpc'
import { createMetrics, type Logger, type Open, openParts, startProbes } from '@lexcustis/runtime'
import { checkSynchronousCommit, createChecks } from './adapters/pg-checks.js'
import { ALLOW } from './allow.js'
import { type AuditLog, openAuditLog } from './audit-log.js'
import type { AuditConfig } from './config.js'
import { openErasure } from './erasure.js'
import { startAnchoring } from './domain/anchoring.js'
import { createEvents } from './events.js'
import { openExport } from './export.js'
import { contentService } from './handlers/content.js'
import { erasureService } from './handlers/erasure.js'
import { exportService } from './handlers/export.js'
import { oversightService } from './handlers/oversight.js'
import { readerService } from './handlers/reader.js'
import { retentionService } from './handlers/retention.js'
import { writerService } from './handlers/writer.js'
import { createLogCheck } from './log-check.js'
import { createAppendMetrics, measureCheckpoints } from './metrics.js'
import { openCheckpointStore } from './open-checkpoint-store.js'
import { openAnchorProgress, openWitnesses } from './open-witnesses.js'
import { openRetention } from './retention.js'
import { startScanLoop } from './scan-loop.js'

export { type AuditLog, type AuditLogOptions, openAuditLog } from './audit-log.js'

export interface RunningAudit extends AsyncDisposable {
  readonly port: number
  readonly metricsPort: number
}

const SCAN_EVERY_MS = 1_000
const SWEEP_EVERY_MS = 60_000
const RETENTION_EVERY_MS = 86_400_000

/**
 * The wiring diagram. Disposing drains: NOT_SERVING, running calls end, what waits is written.
 * Refuses to start on a database that could lose what it acknowledged.
 */
export async function startAudit(config: AuditConfig, logger: Logger): Promise<RunningAudit> {
  return openParts(async (open) => build(config, logger, open))
}

async function build(config: AuditConfig, logger: Logger, open: Open) {
  const events = createEvents(logger)
  for (const warning of config.keyWarnings) events.keyExposed(warning)
  const metrics = createMetrics('audit')
  const appends = createAppendMetrics(metrics, () => log.waiting())
  const store = await openCheckpointStore(config)
  open({ [Symbol.asyncDispose]: async () => store[Symbol.dispose]() })
  const anchoring = open(
    startAnchoring({
      store,
      witnesses: openWitnesses(config, store),
      progress: openAnchorProgress(config),
      clock: systemClock,
      onFailed: events.witnessFailed,
    }),
  )
  const log: AuditLog = open(
    openAuditLog({
      ...config,
      epochs: await config.masterKeys.load(),
      clock: systemClock,
      onFlush: appends.flushed,
      onLost: events.chatLost,
      onKeyRefused: events.keyRefused,
      checkpointStore: store,
      onSigned: (place, size) => anchoring.notify(place, size),
      onDiverged: events.logDiverged,
      onSignFailed: events.signFailed,
    }),
  )
  await assertDurable(log)
  const { checkpoints } = log
  await checkpoints.open()
  measureCheckpoints(metrics, checkpoints.guard, anchoring)
  // What was written last is signed before the log is closed.
  open({ [Symbol.asyncDispose]: async () => checkpoints.signWaiting() })
  const erasure = open(openErasure(log, { ...config, clock: systemClock }))
  const retention = open(
    openRetention(log, {
      ...config,
      eraser: erasure.eraser,
      clock: systemClock,
      onFailed: events.retentionFailed,
    }),
  )
  const probes = open(
    await startProbes({
      host: config.listenHost,
      port: config.metricsPort,
      metrics,
      checks: [...createChecks(log.database), createLogCheck(checkpoints.guard)],
    }),
  )
  open(startScanLoop(async () => log.lostChats.scan(), SCAN_EVERY_MS, events.scanFailed))
  open(
    startScanLoop(
      async () => checkpoints.signWaiting(),
      config.checkpointIntervalMs,
      events.sweepFailed,
    ),
  )
  open(startScanLoop(async () => checkpoints.sweep(), SWEEP_EVERY_MS, events.sweepFailed))
  open(
    startScanLoop(
      async () => retention.applyAll(),
      RETENTION_EVERY_MS,
      (error) => {
        events.retentionFailed(undefined, error)
      },
    ),
  )
  const server = open(
    await startRpcServer({
      host: config.listenHost,
      port: config.grpcPort,
      tls: config.tls,
      allow: withPeers(ALLOW, config.extraCallers),
      verify: createTenantTokenVerifier(config.tenantKeys, 'audit'),
      services: [
        writerService({
          readDraft: log.readDraft,
          append: async (draft, signal) => appends.time(async () => log.append(draft, signal)),
          checkpointSize: (receipt) => checkpoints.guard.checkpointSize(receipt),
        }),
        readerService({
          origin: config.origin,
          checkpoints,
          entries: log.entries,
          verify: log.verify,
          recordRun: async (tenant, result) => {
            if (result.isValid) return log.recordRun(tenant, result)
            events.chainBroken(tenant.organizationId, result)
            // A log that differs from what was signed takes no record; the verdict is given anyway.
            return log.recordRun(tenant, result).catch((error: unknown) => {
              events.runNotRecorded(tenant.organizationId, error)
            })
          },
        }),
        contentService({ readContent: log.readContent }),
        oversightService(),
        exportService({
          exportBundle: openExport(log, {
            origin: config.origin,
            signingKeys: config.signingKeys,
            clock: systemClock,
            onExported: events.exported,
          }),
        }),
        erasureService({
          approve: erasure.approve,
          erase: erasure.erase,
          checkpointSize: (receipt) => checkpoints.guard.checkpointSize(receipt),
        }),
        retentionService(retention),
      ],
      report: metrics.callReporter(events.callFailed),
      drainMs: config.drainMs,
    }),
  )
  server.setServing(true)
  events.started(server.port, probes.port)
  return {
    port: server.port,
    metricsPort: probes.port,
    beforeClose: () => probes.setDraining(),
  }
}

async function assertDurable({ database }: AuditLog): Promise<void> {
  const { status, detail } = await checkSynchronousCommit(database)
  if (status === 'not_ready') throw new AppError('UNAVAILABLE', detail)
}
