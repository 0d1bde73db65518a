import { existsSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { StackFailure } from '../failure.js'
import { ensureCertificates, makePrivateDirectory, writePrivateFile } from '@lexcustis/provision'
import { findRedis, startRedis } from '../redis.js'
import type { RunningPart } from '../supervise/part.js'
import { clearEarlierRun } from '../supervise/run-record.js'
import { servicePart } from '../supervise/service-process.js'
import { Supervisor } from '../supervise/supervisor.js'
import {
  createCluster,
  hasCluster,
  locateCluster,
  postgresPart,
  prepareDatabase,
} from './database.js'
import { ensureDemo, firstModel, isFirstStartFinished } from './demo.js'
import { environmentOf } from './environment.js'
import { type Layout, layoutOf } from './layout.js'
import { SERVICES, type ServiceEntry, STOP_ORDER } from './manifest.js'
import { choosePorts, type Ports } from './ports.js'
import { untilReady } from './readiness.js'
import { curlLines, type ReadyInfo } from './ready.js'
import { ensureRolePasswords, ensureSecrets } from './secrets.js'
import { requireSpace } from './space.js'

const READY_MS = 120_000
const GATEWAY_DRAIN_MS = 10_000
/** A service leaves by itself 2 s after its drain; this is for one that hangs. */
const AFTER_DRAIN_MS = 2_500
const OTHERS_STOP_MS = 3_000
const REDIS_GRACE_SECONDS = 5

type Environment = Readonly<Record<string, string | undefined>>

export interface LaunchOptions {
  /** Root of the repository: services run from their dist folders. */
  readonly checkout: string
  readonly dataDir: string
  readonly env: Environment
  /** Progress, one line each, for the person who watches. */
  readonly say: (line: string) => void
  /** Abandons the start; what runs already is stopped. */
  readonly signal: AbortSignal
}

export interface Stack {
  readonly ready: ReadyInfo
  /** Settles when something does not stay up; the caller then stops the stack. */
  readonly failed: Promise<StackFailure>
  stop(): Promise<void>
}

/** Whoever needs to end everything at once, from the first process on. */
export type OnSupervisor = (supervisor: Supervisor) => void

/**
 * Starts everything: database, Redis where there is one, the five services, and at first start the
 * demo organisation. Throws StackFailure, after stopping what it had started.
 */
export async function launch(options: LaunchOptions, onSupervisor?: OnSupervisor): Promise<Stack> {
  const layout = layoutOf(options.dataDir)
  const supervisor = new Supervisor({
    stopOrder: STOP_ORDER,
    say: options.say,
    runRecord: layout.runRecord,
  })
  onSupervisor?.(supervisor)
  const abandon = new AbortController()
  const signal = AbortSignal.any([options.signal, abandon.signal])
  const starting = bringUp({ ...options, signal }, layout, supervisor)
  const failing = supervisor.failed.then((failure): never => {
    throw failure
  })
  try {
    const ready = await Promise.race([starting, failing])
    return { ready, failed: supervisor.failed, stop: async () => supervisor.stop() }
  } catch (error) {
    abandon.abort()
    await supervisor.stop()
    await starting.catch(() => undefined)
    throw error
  }
}

async function bringUp(
  options: LaunchOptions,
  layout: Layout,
  supervisor: Supervisor,
): Promise<ReadyInfo> {
  const { env, say, signal } = options
  await clearEarlierRun(layout.runRecord, say)
  const ports = await choosePorts(env)
  await prepareFolders(layout)

  await startDatabase(options, layout, supervisor, ports.postgres)
  signal.throwIfAborted()
  const redisUrlFile = await startLocalRedis(options, layout, supervisor, ports.redis)
  await ensureCertificates(
    layout.certificates,
    SERVICES.map(({ name }) => name),
  )
  signal.throwIfAborted()

  say('Starting the five services')
  for (const service of SERVICES) {
    const serviceEnv = environmentOf(service, { layout, ports, redisUrlFile, env })
    await supervisor.start(
      servicePart({
        name: service.name,
        entry: join(options.checkout, 'services', service.name, 'dist/main.js'),
        env: serviceEnv,
        cwd: layout.root,
        logFile: layout.log(service.name),
        stopMs: stopTimeOf(service, env),
      }),
    )
  }
  await Promise.all(
    SERVICES.map(async ({ name }) =>
      untilReady(name, ports.services[name].metrics, READY_MS, signal),
    ),
  )
  return describeStack(layout, supervisor, ports, redisUrlFile !== undefined)
}

async function prepareFolders(layout: Layout): Promise<void> {
  await Promise.all(
    [layout.logs, layout.checkpoints, layout.vectors].map(async (path) =>
      makePrivateDirectory(path),
    ),
  )
  for (const name of ['postgres', 'redis', ...SERVICES.map((service) => service.name)]) {
    // The last run's log is kept beside it: what a failure quotes is of this run.
    const log = layout.log(name)
    if (existsSync(log)) await rename(log, `${log}.1`)
  }
}

async function startDatabase(
  { checkout, say, signal }: LaunchOptions,
  layout: Layout,
  supervisor: Supervisor,
  port: number,
): Promise<void> {
  const isExpected = isFirstStartFinished(layout)
  await requireSpace(layout.root, !isExpected)
  const cluster = await locateCluster(layout, say)
  const exists = await hasCluster(cluster, isExpected)
  await ensureSecrets(layout, exists)
  const passwords = await ensureRolePasswords(layout, port)
  if (!exists) {
    await requireSpace(join(cluster.directory, '..'), true)
    say('Creating the database')
    await createCluster(cluster, passwords)
  }
  signal.throwIfAborted()
  say('Starting PostgreSQL')
  await supervisor.start(postgresPart(cluster, port, layout.log('postgres')))
  await prepareDatabase(checkout, port, passwords, layout.log('postgres'))
}

/** Path of the file with its URL, or undefined: then the gateway counts in its own memory. */
async function startLocalRedis(
  { env, say }: LaunchOptions,
  layout: Layout,
  supervisor: Supervisor,
  port: number,
): Promise<string | undefined> {
  const binary = findRedis(env['PATH'])
  if (!binary || env['GATEWAY_REDIS_URL_FILE'] !== undefined) return undefined
  const logFile = layout.log('redis')
  const urlFile = layout.secret('redis_url')
  const options = { directory: layout.redis, port, logFile, graceSeconds: REDIS_GRACE_SECONDS }
  const start = async (): Promise<RunningPart> => {
    const { url, pid, ended, stop, kill } = await startRedis(binary, options)
    await writePrivateFile(urlFile, `${url}\n`)
    return { pid, ended, stop, kill: async () => kill('SIGKILL') }
  }
  try {
    await supervisor.start({ name: 'redis', logFile, start })
    return urlFile
  } catch {
    say(`${binary} does not start (${logFile} says why): rate limits are kept in memory instead`)
    return undefined
  }
}

function stopTimeOf({ name }: ServiceEntry, env: Environment): number {
  if (name !== 'gateway') return OTHERS_STOP_MS
  const given = Number(env['GATEWAY_DRAIN_MS'] ?? GATEWAY_DRAIN_MS)
  return (Number.isFinite(given) ? given : GATEWAY_DRAIN_MS) + AFTER_DRAIN_MS
}

async function describeStack(
  layout: Layout,
  supervisor: Supervisor,
  ports: Ports,
  hasRedis: boolean,
): Promise<ReadyInfo> {
  const url = `http://127.0.0.1:${ports.services.gateway.http ?? 0}`
  const demo = await ensureDemo(url, layout)
  return {
    version: 1,
    url,
    ...demo,
    data_dir: layout.root,
    services: SERVICES.map(({ name }) => {
      const { http, grpc, metrics } = ports.services[name]
      const pid = supervisor.pid(name)
      return { name, pid, http_port: http ?? null, grpc_port: grpc ?? null, metrics_port: metrics }
    }),
    postgres: { pid: supervisor.pid('postgres'), port: ports.postgres },
    redis: hasRedis ? { pid: supervisor.pid('redis'), port: ports.redis } : null,
    curl: curlLines(url, demo.api_key, await firstModel(url, demo.api_key)),
  }
}
