import {
  CheckDefinition,
  DossierDefinition,
  IncidentDefinition,
  PolicyDefinition,
} from '@lexcustis/proto/compliance'
import { openDatabase } from '@lexcustis/postgres'
import { createTenantTokenVerifier, service, startRpcServer, withPeers } from '@lexcustis/rpc'
import { createMetrics, type Logger, type Open, openParts, startProbes } from '@lexcustis/runtime'
import { runInSlices } from './adapters/event-loop.js'
import { createIdentifierValidators } from './adapters/identifier-validators.js'
import { PgPolicyStore } from './adapters/pg-policy-store.js'
import { ALLOW } from './allow.js'
import type { ComplianceConfig } from './config.js'
import { createEvents } from './events.js'
import { createCheckHandlers } from './handlers/check-service.js'
import { createDossierHandlers } from './handlers/dossier-service.js'
import { createIncidentHandlers } from './handlers/incident-service.js'
import { createPolicyHandlers } from './handlers/policy-service.js'
import { createReadinessChecks } from './readiness.js'

export interface RunningCompliance extends AsyncDisposable {
  readonly port: number
  readonly metricsPort: number
}

/** The wiring diagram. Disposing drains: NOT_SERVING, running calls end, then the database closes. */
export async function startCompliance(
  config: ComplianceConfig,
  log: Logger,
): Promise<RunningCompliance> {
  return openParts(async (open) => build(config, log, open))
}

async function build(config: ComplianceConfig, log: Logger, open: Open) {
  const metrics = createMetrics('compliance')
  const events = createEvents(log, metrics)
  const database = open(openDatabase({ url: config.databaseUrl, name: 'compliance' }))
  const probes = open(
    await startProbes({
      host: config.listenHost,
      port: config.metricsPort,
      metrics,
      checks: createReadinessChecks(database),
    }),
  )

  const policies = new PgPolicyStore(database)
  const validators = createIdentifierValidators()
  const server = open(
    await startRpcServer({
      host: config.listenHost,
      port: config.grpcPort,
      tls: config.tls,
      allow: withPeers(ALLOW, config.extraCallers),
      verify: createTenantTokenVerifier(config.tenantKeys, 'compliance'),
      services: [
        service(
          CheckDefinition,
          createCheckHandlers({ policies, validators, run: runInSlices, report: events.checked }),
        ),
        service(
          PolicyDefinition,
          createPolicyHandlers({ policies, policyChanged: events.policyChanged }),
        ),
        service(IncidentDefinition, createIncidentHandlers()),
        service(DossierDefinition, createDossierHandlers()),
      ],
      report: metrics.callReporter(({ path, caller, error }) =>
        events.callFailed(path, caller, error),
      ),
      drainMs: config.drainMs,
    }),
  )
  server.setServing(true)
  events.started(server.port)
  return {
    port: server.port,
    metricsPort: probes.port,
    beforeClose: () => probes.setDraining(),
  }
}
