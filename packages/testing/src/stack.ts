import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readlinkSync } from 'node:fs'
import { chmod, readFile, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { layoutOf, processesIn, type ReadyInfo, readRunRecord, waitUntil } from '@lexcustis/stack'
import { makeTestDirectory } from './workspace.js'

const LAUNCHER = fileURLToPath(new URL('../../../tools/start.mjs', import.meta.url))
const READY_MS = 180_000
const STOP_MS = 40_000
const READY_LINE = /^LEXCUSTIS_READY (.*)\n/m

export type Environment = Readonly<Record<string, string>>

export interface StackOptions {
  /** Settings of services (`GATEWAY_…`, `LLM_…`); nothing else of the caller's environment counts. */
  readonly env?: Environment
  /** A folder to keep; without it the stack has one of its own, which goes with it. */
  readonly dataDir?: string
}

/** The whole product as `npm start` runs it: PostgreSQL, five services, the demo organisation. */
export interface TestStack extends AsyncDisposable {
  /** Of the latest start. */
  readonly ready: ReadyInfo
  readonly dataDir: string
  /** What the latest start printed for people. */
  readonly stderr: string
  /** The launcher's own process. */
  readonly pid: number
  /** Which process runs under a service's name, `postgres` or `redis` now. */
  pidOf(name: string): Promise<number>
  /** Signals a service, `postgres` or `redis`; the launcher starts again what dies. Does not wait. */
  kill(name: string, signal?: NodeJS.Signals): Promise<void>
  /** What a service, `postgres` or `redis` wrote since the latest start. */
  logs(name: string): Promise<string>
  /** Stops as Ctrl-C does; returns the exit code, or the signal that ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | string>
  /** Starts again on the same data after `stop`; ports and pids change. */
  restart(env?: Environment): Promise<ReadyInfo>
}

/** Starts everything on free ports and waits for the ready line. Throws with what the launcher said. */
export async function startStack(options: StackOptions = {}): Promise<TestStack> {
  const dataDir = options.dataDir ?? (await makeTestDirectory('stack'))
  await chmod(dataDir, 0o711)
  const { logs, log, runRecord } = layoutOf(dataDir)
  let run = await start(dataDir, options.env ?? {})
  const pidOf = async (name: string): Promise<number> => {
    const entry = (await readRunRecord(runRecord))[name]
    if (!entry) throw new Error(`nothing runs as ${name}; logs are in ${logs}`)
    return entry.pid
  }
  return {
    dataDir,
    get ready() {
      return run.ready
    },
    get stderr() {
      return run.output.stderr
    },
    get pid() {
      return run.child.pid ?? 0
    },
    pidOf,
    kill: async (name, signal = 'SIGKILL') => {
      const pid = await pidOf(name)
      // PostgreSQL answers through other processes than its first: a stop has to reach all of them.
      const isPause = signal === 'SIGSTOP' || signal === 'SIGCONT'
      const pids = name === 'postgres' && isPause ? processesIn(workingDirectoryOf(pid)) : [pid]
      for (const each of pids) process.kill(each, signal)
    },
    logs: async (name) => readFile(log(name), 'utf8'),
    stop: async (signal = 'SIGTERM') => stop(run.child, signal),
    restart: async (env = options.env ?? {}) => {
      run = await start(dataDir, env)
      return run.ready
    },
    [Symbol.asyncDispose]: async () => {
      await stop(run.child, 'SIGTERM')
      if (options.dataDir === undefined) {
        await rm(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 300 })
      }
    },
  }
}

function workingDirectoryOf(pid: number): string {
  return readlinkSync(`/proc/${pid}/cwd`)
}

interface Run {
  readonly child: ChildProcess
  readonly output: { stdout: string; stderr: string }
  readonly ready: ReadyInfo
}

async function start(dataDir: string, env: Environment): Promise<Run> {
  const child = spawn(process.execPath, [LAUNCHER], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      LEXCUSTIS_DATA_DIR: dataDir,
      LEXCUSTIS_PORTS: 'auto',
      // A model server on this machine must not change what tests see.
      LLM_PROVIDER: 'extractive',
      // Nor must answers depend on how much of the guide is indexed already.
      LEXCUSTIS_GUIDE: 'off',
      ...env,
    },
  })
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => (output.stdout += String(chunk)))
  child.stderr.on('data', (chunk) => (output.stderr += String(chunk)))
  await waitUntil(() => READY_LINE.test(output.stdout) || hasEnded(child), READY_MS)
  const line = READY_LINE.exec(output.stdout)?.[1]
  if (line === undefined) {
    await stop(child, 'SIGTERM')
    throw new Error(`the stack did not become ready:\n${output.stderr}`)
  }
  return { child, output, ready: JSON.parse(line) as ReadyInfo }
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<number | string> {
  if (!hasEnded(child)) {
    child.kill(signal)
    if (!(await waitUntil(() => hasEnded(child), STOP_MS))) {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  }
  return child.signalCode ?? child.exitCode ?? 0
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}
