import {
  CheckDefinition,
  DossierDefinition,
  IncidentDefinition,
  PolicyDefinition,
} from '@lexcustis/proto/compliance'
import { openDatabase } from '@lexcustis/postgres'
import {
  type AllowList,
  createTenantTokenVerifier,
  type Definition,
  service,
  serviceNameOf,
  startRpcServer,
} from '@lexcustis/rpc'
import { createMetrics, type Logger, startProbes } from '@lexcustis/runtime'
import { runInSlices } from './adapters/event-loop.js'
import { createIdentifierValidators } from './adapters/identifier-validators.js'
import { PgPolicyStore } from './adapters/pg-policy-store.js'
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

const DEFINITIONS = [CheckDefinition, PolicyDefinition, IncidentDefinition, DossierDefinition]

/** The wiring diagram. Disposing drains: NOT_SERVING, running calls end, then the database closes. */
export async function startCompliance(
  config: ComplianceConfig,
  log: Logger,
): Promise<RunningCompliance> {
  const opened: AsyncDisposable[] = []
  try {
    return await openParts(config, log, opened)
  } catch (error) {
    await close(opened)
    throw error
  }
}

async function openParts(
  config: ComplianceConfig,
  log: Logger,
  opened: AsyncDisposable[],
): Promise<RunningCompliance> {
  const metrics = createMetrics('compliance')
  const events = createEvents(log, metrics)
  const database = openDatabase({ url: config.databaseUrl, name: 'compliance' })
  opened.push(database)
  const probes = await startProbes({
    host: config.listenHost,
    port: config.metricsPort,
    metrics,
    checks: createReadinessChecks(database),
  })
  opened.push(probes)

  const policies = new PgPolicyStore(database)
  const validators = createIdentifierValidators()
  const server = await startRpcServer({
    host: config.listenHost,
    port: config.grpcPort,
    tls: config.tls,
    allow: allowList(config.extraCallers),
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
  })
  opened.push(server)
  server.setServing(true)
  events.started(server.port)
  return {
    port: server.port,
    metricsPort: probes.port,
    [Symbol.asyncDispose]: async () => {
      probes.setDraining()
      await close(opened)
    },
  }
}

/** Last opened, first closed: calls end before what they use is gone. */
async function close(opened: AsyncDisposable[]): Promise<void> {
  for (let part = opened.pop(); part; part = opened.pop()) await part[Symbol.asyncDispose]()
}

/** Who may call what: the gateway, and peers the deployment names. */
function allowList(extraCallers: ComplianceConfig['extraCallers']): AllowList {
  const callersOf = (definition: Definition) =>
    Object.entries(extraCallers)
      .filter(([, services]) => services.includes(serviceNameOf(definition)))
      .map(([name]) => name)
  return Object.fromEntries(
    DEFINITIONS.map((definition) => [
      serviceNameOf(definition),
      ['gateway', ...callersOf(definition)],
    ]),
  )
}
