import type { AddressInfo } from 'node:net'
import { systemClock } from '@lexcustis/core'
import { type Database, openDatabase } from '@lexcustis/postgres'
import { createTenantTokenSigner } from '@lexcustis/rpc'
import { createMetrics, type Logger, type Probes, startProbes } from '@lexcustis/runtime'
import { createPasswords } from './adapters/argon2-passwords.js'
import { createAccessTokens } from './adapters/jose-access-tokens.js'
import { createPeerHealth } from './adapters/peer-health.js'
import { createPeers } from './adapters/peers.js'
import { createPgAccounts } from './adapters/pg-accounts.js'
import { rememberApiKeys, rememberOrganizations } from './adapters/remembering.js'
import { createPgApiKeys } from './adapters/pg-api-keys.js'
import { createPgAuthFailures } from './adapters/pg-auth-failures.js'
import { createPgOrganizations } from './adapters/pg-organizations.js'
import { createPgRefreshTokens } from './adapters/pg-refresh-tokens.js'
import { createAuditTrail } from './adapters/rpc-audit-trail.js'
import { createTokenSource } from './adapters/rpc-token-source.js'
import { type App, buildApp } from './app.js'
import type { GatewayConfig } from './config.js'
import { createChatAdmission } from './domain/chat-admission.js'
import { createAdministration } from './domain/identity/administration.js'
import { createAuthFailureReporter } from './domain/identity/auth-failures.js'
import { createAuthenticator } from './domain/identity/authenticate.js'
import { bootstrapOperator } from './domain/identity/bootstrap.js'
import { createSignIn } from './domain/identity/sign-in.js'
import { drainApp } from './drain.js'
import { createEvents, type Events } from './events.js'
import { openCounters } from './adapters/counters.js'
import { ROUTES } from './routes.js'
import type { GatewayDeps } from './routes/gateway-deps.js'

/** A gateway that listens. */
export interface RunningGateway extends AsyncDisposable {
  readonly port: number
  readonly metricsPort: number
}

/** The wiring: everything the gateway is made of. Disposing drains it. */
export async function startGateway(config: GatewayConfig, log: Logger): Promise<RunningGateway> {
  const events = createEvents(log)
  const metrics = createMetrics('gateway')
  const clock = systemClock
  const shutdown = new AbortController()

  const database = openDatabase({
    url: config.databaseUrl,
    name: 'gateway',
    maxConnections: config.databaseMaxConnections,
  })
  const peers = createPeers(config.peers, config.tls)
  const health = createPeerHealth(config.peers, config.tls)
  const counters = openCounters(config.redisUrl, events)
  const tokens = createTokenSource(await createTenantTokenSigner(config.tenantKey))
  const accessTokens = await createAccessTokens(config.accessKey)
  const passwords = await createPasswords()
  const trail = createAuditTrail({
    writer: peers.audit.writer,
    tokens,
    clock,
    onStanding: (error) => events.recordStands(error),
  })

  const organizations = rememberOrganizations(createPgOrganizations(database))
  const accounts = createPgAccounts(database)
  const keys = rememberApiKeys(createPgApiKeys(database))
  const failures = createAuthFailureReporter(createPgAuthFailures(database), trail, (error) =>
    events.authFailureUnrecorded(error),
  )
  if (config.bootstrapOperator) {
    const isNew = await bootstrapOperator(accounts, passwords, config.bootstrapOperator)
    if (isNew) events.operatorCreated()
  }

  const checks = [databaseCheck(database), ...health.checks, ...counters.checks]
  const deps: GatewayDeps = {
    peers,
    tokens,
    issuer: tokens,
    trail,
    clock,
    log,
    metrics,
    checks,
    organizations,
    accounts,
    keys,
    jwks: accessTokens.jwks,
    chatMaxMs: config.chatMaxMs,
    shutdown: shutdown.signal,
    admission: createChatAdmission({
      organizations,
      budget: counters.budget,
      dailyCap: config.dailyChatCap,
      clock,
    }),
    signIn: createSignIn({
      accounts,
      organizations,
      refreshTokens: createPgRefreshTokens(database),
      passwords,
      accessTokens,
      limiter: counters.limiter,
      loginLimit: config.loginLimit,
      clock,
      onFailure: (account) => failures.report(account),
    }),
    administration: createAdministration({ organizations, accounts, keys, passwords, trail }),
  }
  const app = await buildApp(
    {
      authenticator: createAuthenticator(keys, accessTokens),
      limiter: counters.limiter,
      userLimit: config.userLimit,
      ipLimit: config.ipLimit,
      trustedProxies: config.trustedProxies,
      events,
      metrics,
    },
    deps,
    ROUTES,
  )
  const probes = await startProbes({
    host: config.listenHost,
    port: config.metricsPort,
    metrics,
    checks,
  })
  const port = await listen(app, config, events)
  return {
    port,
    metricsPort: probes.port,
    [Symbol.asyncDispose]: async () => {
      await stop(app, probes, shutdown, config, events)
      await failures[Symbol.asyncDispose]()
      peers[Symbol.dispose]()
      health[Symbol.dispose]()
      counters[Symbol.dispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

async function listen(app: App, config: GatewayConfig, events: Events): Promise<number> {
  await app.listen({ host: config.listenHost, port: config.listenPort })
  const { port } = app.server.address() as AddressInfo
  events.started(config.listenHost, port)
  return port
}

async function stop(
  app: App,
  probes: Probes,
  shutdown: AbortController,
  { drainMs }: GatewayConfig,
  events: Events,
): Promise<void> {
  events.draining()
  probes.setDraining()
  await drainApp(app, shutdown, drainMs)
  await probes[Symbol.asyncDispose]()
}

function databaseCheck(database: Database) {
  return {
    name: 'database',
    check: async () => {
      await database.ping()
      return { status: 'ready' as const, detail: 'answers' }
    },
  }
}
