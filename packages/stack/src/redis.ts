import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { Guardian } from './guardian.js'
import {
  createPassword,
  makePrivateDirectory,
  readOrCreate,
  writePrivateFile,
} from '@lexcustis/provision'
import { howItEnded } from './supervise/part.js'
import { waitUntil } from './processes.js'

const START_MS = 10_000
const STOP_MS = 3_000

export interface RedisServer {
  readonly pid: number
  readonly port: number
  /** `redis://:password@127.0.0.1:port/0`. */
  readonly url: string
  /** Settles when the server has ended, whoever ended it. */
  readonly ended: Promise<string>
  readonly stop: () => Promise<void>
  readonly kill: (signal: NodeJS.Signals) => Promise<void>
}

/** Path of a local `redis-server`, or undefined. */
export function findRedis(path: string | undefined): string | undefined {
  try {
    const environment = { PATH: path ?? '/usr/local/bin:/usr/bin:/bin' }
    const found = execFileSync('/bin/sh', ['-c', 'command -v redis-server'], { env: environment })
    return found.toString().trim() || undefined
  } catch {
    return undefined
  }
}

/**
 * Starts a Redis of our own in `directory`: password from its private configuration file, data on
 * disk every second. Throws when the binary does not start.
 */
export async function startRedis(
  binary: string,
  options: {
    readonly directory: string
    readonly port: number
    readonly logFile: string
    readonly graceSeconds?: number
  },
): Promise<RedisServer> {
  const { directory, port } = options
  await makePrivateDirectory(directory)
  const password = await readOrCreate(join(directory, 'password'), createPassword)
  const configuration = join(directory, 'redis.conf')
  await writePrivateFile(configuration, configure(directory, port, password))
  const log = await open(options.logFile, 'a', 0o600)
  const child = spawn(binary, [configuration], {
    cwd: directory,
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
  })
  await once(child, 'spawn').finally(async () => log.close())
  const { pid } = child
  if (pid === undefined) throw new Error('a spawned process has a pid')

  const guardian = new Guardian(pid, undefined, options.graceSeconds)
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => {
      guardian.dismiss()
      resolve(howItEnded(code, signal))
    })
  })
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    if (!(await waitUntil(hasEnded, STOP_MS))) child.kill('SIGKILL')
    await ended
  }
  if (!(await answers(port, password, hasEnded))) {
    await stop()
    throw new Error(`redis-server did not answer on port ${port}`)
  }
  const url = `redis://:${encodeURIComponent(password)}@127.0.0.1:${port}/0`
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal)
    if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await ended
  }
  return { pid, port, url, ended, stop, kill }
}

function configure(directory: string, port: number, password: string): string {
  return [
    'bind 127.0.0.1',
    `port ${port}`,
    `requirepass ${password}`,
    `dir "${directory}"`,
    'daemonize no',
    'appendonly yes',
    'appendfsync everysec',
    // Budgets must not be evicted, and a rate limiter needs little.
    'maxmemory 128mb',
    'maxmemory-policy noeviction',
    'save ""',
    '',
  ].join('\n')
}

async function answers(port: number, password: string, hasEnded: () => boolean): Promise<boolean> {
  const endsAt = performance.now() + START_MS
  while (!hasEnded() && performance.now() < endsAt) {
    if (await ping(port, password)) return true
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return false
}

/** One PING by hand: a client library belongs to the gateway alone. */
async function ping(port: number, password: string): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1', timeout: 1_000 })
  socket.on('timeout', () => socket.destroy())
  try {
    await once(socket, 'connect')
    socket.write(`AUTH ${password}\r\nPING\r\n`)
    let reply = ''
    for await (const chunk of socket) {
      reply += String(chunk)
      if (reply.includes('+PONG')) return true
      if (reply.startsWith('-')) return false
    }
    return false
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
