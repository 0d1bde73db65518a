import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import {
  chown,
  mkdir,
  mkdtemp,
  open,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { type Account, identity } from '../account.js'
import { diskFull, isDiskFull, StackFailure } from '../failure.js'
import { Guardian } from '../guardian.js'
import { processesIn, signalProcess, waitUntil } from '../processes.js'
import { howItEnded } from '../supervise/part.js'
import type { NativeDirectory } from './binaries.js'
import { clearLeftovers } from './leftovers.js'

const run = promisify(execFile)

/** Nothing of the caller's environment (PGDATA, PGPORT, locale) may change what happens. */
const ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }
const START_MS = 60_000
const FAST_STOP_MS = 3_000
const IMMEDIATE_STOP_MS = 2_000

export interface Cluster {
  readonly native: NativeDirectory
  /** Data folder. */
  readonly directory: string
  readonly account: Account | undefined
}

/** Creates the data folder; a crash half-way leaves no folder that looks finished. */
export async function initCluster(
  cluster: Cluster,
  password: string,
  flags: readonly string[] = [],
): Promise<void> {
  const { native, directory, account } = cluster
  const parent = dirname(directory)
  await mkdir(parent, { recursive: true })
  const work = await mkdtemp(join(parent, `${basename(directory)}.new-`))
  try {
    const next = join(work, 'data')
    const passwordFile = join(work, 'password')
    await writeFile(passwordFile, password, { mode: 0o600 })
    if (account) {
      await chown(passwordFile, account.uid, account.gid)
      await chown(work, account.uid, account.gid)
    }
    await run(
      join(native, 'bin/initdb'),
      [
        `--pgdata=${next}`,
        `--pwfile=${passwordFile}`,
        ...[
          '--username=postgres',
          '--auth=scram-sha-256',
          '--encoding=UTF8',
          '--locale=C',
          '--data-checksums',
        ],
        ...flags,
      ],
      { cwd: work, env: ENVIRONMENT, ...identity(account) },
    )
    await rm(directory, { recursive: true, force: true })
    await rename(next, directory)
  } catch (error) {
    throw initFailure(directory, error)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

function initFailure(directory: string, error: unknown): unknown {
  const output = (error as { stderr?: string }).stderr ?? ''
  if (isDiskFull(error) || output.includes('No space left')) return diskFull(directory, error)
  if (output === '') return error
  const lines = output.trim().split('\n')
  const detail = lines.find((line) => line.includes('error:')) ?? lines.at(-1)
  return new StackFailure(
    'INSTALL_FAILED',
    `PostgreSQL could not create ${directory}: ${detail ?? 'no reason given'}.`,
    { path: directory },
    { cause: error },
  )
}

export interface ServerOptions {
  readonly port: number
  readonly logFile: string
  /** Server settings, as in postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>
  /** How long it outlives this process, so that its clients can end first. */
  readonly graceSeconds?: number
}

export interface Server {
  readonly pid: number
  readonly port: number
  /** Settles when the server has ended, whoever ended it. */
  readonly ended: Promise<string>
  /** Fast shutdown: open transactions are rolled back, everything acknowledged is on disk. */
  readonly stop: () => Promise<void>
  /**
   * Signals every process of the server for SIGSTOP and SIGCONT; for a signal that ends it, waits
   * until all of them are gone.
   */
  readonly kill: (signal: NodeJS.Signals) => Promise<void>
}

/** Starts the server of an existing cluster and waits until it takes connections. */
export async function startServer(given: Cluster, options: ServerOptions): Promise<Server> {
  const cluster = { ...given, directory: await realpath(given.directory) }
  await clearLeftovers(cluster.directory)
  const log = await open(options.logFile, 'a', 0o600)
  const logStart = (await stat(options.logFile)).size
  let child: ChildProcess
  try {
    child = spawn(join(cluster.native, 'bin/postgres'), serverArguments(cluster, options), {
      cwd: '/',
      detached: true,
      env: ENVIRONMENT,
      stdio: ['ignore', log.fd, log.fd],
      ...identity(cluster.account),
    })
    await once(child, 'spawn')
  } finally {
    await log.close()
  }
  const server = supervise(child, options, cluster)
  await untilReady(cluster, child, options, logStart).catch(async (error: unknown) => {
    await server.stop()
    throw error
  })
  return server
}

function serverArguments({ directory }: Cluster, { port, settings }: ServerOptions): string[] {
  const all: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...settings,
  }
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  return ['-D', directory, '-p', String(port), ...flags]
}

function supervise(
  child: ChildProcess,
  { port, graceSeconds }: ServerOptions,
  { directory, account }: Cluster,
): Server {
  const { pid } = child
  if (pid === undefined) throw new Error('a spawned process has a pid')
  const guardian = new Guardian(pid, account, graceSeconds)
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => {
      guardian.dismiss()
      resolve(howItEnded(code, signal))
    })
  })
  const within = async (ms: number): Promise<boolean> => waitUntil(() => hasEnded(child), ms)
  return {
    pid,
    port,
    ended,
    async stop() {
      child.kill('SIGINT')
      if (await within(FAST_STOP_MS)) return
      child.kill('SIGQUIT')
      if (await within(IMMEDIATE_STOP_MS)) return
      child.kill('SIGKILL')
      await ended
    },
    async kill(signal) {
      if (signal === 'SIGSTOP' || signal === 'SIGCONT') {
        for (const each of processesIn(directory)) signalProcess(each, signal)
        return
      }
      child.kill(signal)
      await ended
      // Backends of a killed server go on answering until they look for it.
      for (const backend of processesIn(directory)) signalProcess(backend, 'SIGKILL')
      await waitUntil(() => processesIn(directory).length === 0, FAST_STOP_MS)
    },
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

/** The eighth line of postmaster.pid says when connections are taken; pg_ctl looks there too. */
async function untilReady(
  { directory }: Cluster,
  child: ChildProcess,
  options: ServerOptions,
  logStart: number,
): Promise<void> {
  const pidFile = join(directory, 'postmaster.pid')
  const endsAt = performance.now() + START_MS
  for (;;) {
    if (hasEnded(child)) throw await startFailure(directory, options, logStart)
    const lines = (await readFile(pidFile, 'utf8').catch(() => '')).split('\n')
    if (lines[0] === String(child.pid) && lines[7]?.trim() === 'ready') return
    if (performance.now() > endsAt) throw await startFailure(directory, options, logStart)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function startFailure(
  directory: string,
  options: ServerOptions,
  logStart: number,
): Promise<StackFailure> {
  const log = (await readFile(options.logFile)).subarray(logStart).toString('utf8')
  if (/Address already in use/.test(log)) {
    return new StackFailure(
      'PORT_BUSY',
      `Port ${options.port} is in use by another program; stop it.`,
      {
        port: options.port,
      },
    )
  }
  if (/No space left on device|could not extend file|Disk quota exceeded/.test(log))
    return diskFull(directory)
  const reason = /(?:FATAL|PANIC): +(.*)/.exec(log)?.[1] ?? 'it gave no reason'
  return new StackFailure(
    'DATA_DAMAGED',
    `PostgreSQL does not start on ${directory} (${reason}); restore the folder from a backup, or move the ` +
      'whole data folder away to begin anew.',
    { path: directory, log: options.logFile },
  )
}

/** Whether the folder holds a cluster that initdb has finished. */
export function isInitialised(directory: string): boolean {
  return existsSync(join(directory, 'PG_VERSION'))
}
