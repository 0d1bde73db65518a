import { ChatDefinition, ProviderDefinition } from '@lexcustis/proto/llm'
import { openDatabase } from '@lexcustis/postgres'
import { createTenantTokenVerifier, service, startRpcServer, withPeers } from '@lexcustis/rpc'
import { createMetrics, type Logger, type Open, openParts, startProbes } from '@lexcustis/runtime'
import { AddressGuard } from './adapters/address-guard.js'
import { AesKeySealer } from './adapters/aes-key-sealer.js'
import { findOllama } from './adapters/ollama-probe.js'
import { OutboundHttp } from './adapters/outbound-http.js'
import { PATIENCE, Patience } from './adapters/patient-completer.js'
import { PgManifestStore } from './adapters/pg-manifest-store.js'
import { PgSealedKeyStore } from './adapters/pg-sealed-key-store.js'
import { PgSettingsStore } from './adapters/pg-settings-store.js'
import { Vendors } from './adapters/providers/vendors.js'
import { shippedPrices, shippedPages } from './adapters/shipped-data.js'
import { ALLOW } from './allow.js'
import type { LlmConfig } from './config.js'
import { DefaultProvider } from './domain/default-provider.js'
import type { PriceTable } from './domain/price-table.js'
import { ProviderDirectory } from './domain/provider-directory.js'
import { UseRecorder } from './domain/provider-manifest.js'
import { rewrapKeys } from './domain/rewrap-keys.js'
import { createEvents, type Events } from './events.js'
import { createChatHandlers, type CostOf } from './handlers/chat-service.js'
import { createProviderHandlers } from './handlers/provider-service.js'
import { createReadinessChecks } from './readiness.js'

export interface RunningLlm extends AsyncDisposable {
  readonly port: number
  readonly metricsPort: number
}

/** The wiring diagram. Disposing drains: NOT_SERVING, running calls end, then what they used closes. */
export async function startLlm(config: LlmConfig, log: Logger): Promise<RunningLlm> {
  return openParts(async (open) => build(config, log, open))
}

async function build(config: LlmConfig, log: Logger, open: Open) {
  const metrics = createMetrics('llm')
  const events = createEvents(log, metrics)
  const database = open(openDatabase({ url: config.databaseUrl, name: 'llm' }))
  const guard = new AddressGuard({
    allowedHosts: config.allowedPrivateHosts,
    isLoopbackAllowed: config.isLoopbackAllowed,
  })
  const { connectTimeoutMs } = config
  const vendors = new Vendors({
    guarded: open(new OutboundHttp({ guard, connectTimeoutMs })),
    open: open(new OutboundHttp({ connectTimeoutMs })),
  })
  const patience = new Patience({ ...PATIENCE, onBreak: events.providerBroke })
  const defaults = open(
    await DefaultProvider.open({
      configured: config.provider,
      findLocal: async () => findOllama(config.ollamaUrl),
      changed: events.defaultProviderChanged,
    }),
  )
  const defaultProvider = () => defaults.current()
  const settings = new PgSettingsStore(database)
  const manifest = new PgManifestStore(database)
  const uses = open(new UseRecorder(manifest, events.useNotRecorded))
  const sealer =
    config.sealingKey && new AesKeySealer(config.sealingKey, config.previousSealingKeys)
  const directory = new ProviderDirectory({ settings, sealer, defaultProvider })
  if (sealer) open(keepRewrapped(new PgSealedKeyStore(database), sealer, events))

  const probes = open(
    await startProbes({
      host: config.listenHost,
      port: config.metricsPort,
      metrics,
      checks: createReadinessChecks(database, defaultProvider),
    }),
  )
  const server = open(
    await startRpcServer({
      host: config.listenHost,
      port: config.grpcPort,
      tls: config.tls,
      allow: withPeers(ALLOW, config.extraCallers),
      verify: createTenantTokenVerifier(config.tenantKeys, 'llm'),
      services: [
        service(
          ChatDefinition,
          createChatHandlers({
            directory,
            uses,
            costOf: createCostOf(config.prices ?? shippedPrices()),
            report: events.completed,
            fellBack: events.fellBack,
            completerOf: (provider, organizationId) =>
              patience.wrap(organizationId, provider, vendors.completerOf(provider, config.limits)),
          }),
        ),
        service(
          ProviderDefinition,
          createProviderHandlers({
            directory,
            manifest,
            pagesOf: shippedPages(),
            sealer,
            checkBaseUrl: async (baseUrl) => guard.checkBaseUrl(baseUrl),
            check: async (provider, signal) => vendors.check(provider, signal),
            providerChosen: events.providerChosen,
          }),
        ),
      ],
      report: metrics.callReporter(({ path, caller, error }) =>
        events.callFailed(path, caller, error),
      ),
      drainMs: config.drainMs,
    }),
  )
  server.setServing(true)
  events.started(server.port, defaultProvider())
  return {
    port: server.port,
    metricsPort: probes.port,
    beforeClose: () => probes.setDraining(),
  }
}

function createCostOf(prices: PriceTable): CostOf {
  return (answering, usage) => prices.costOf(answering, usage, new Date())
}

/** A replica that still had the former sealing key may have used it after the first look. */
const REWRAP_EVERY_MS = 600_000

/** Nobody waits for it: keys under the one before open as long as that is configured. */
function keepRewrapped(store: PgSealedKeyStore, sealer: AesKeySealer, events: Events): Disposable {
  const look = () =>
    void rewrapKeys(store, sealer).then(events.keysRewrapped, events.keysNotRewrapped)
  look()
  const timer = setInterval(look, REWRAP_EVERY_MS)
  timer.unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
