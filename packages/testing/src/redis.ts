import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { findRedis, freePort, type RedisServer, startRedis } from '@lexcustis/stack'
import { makeTestDirectory } from './workspace.js'

/** A Redis of a test's own. */
export interface TestRedis extends AsyncDisposable {
  readonly port: number
  /** With its password. */
  readonly url: string
  /** Ends the server at once; every connection breaks. */
  kill(): Promise<void>
  /** Starts it again after `kill`, on the same port and data. */
  start(): Promise<void>
}

/** Undefined when this machine has no `redis-server`: such tests skip, visibly. */
export async function startTestRedis(): Promise<TestRedis | undefined> {
  const binary = findRedis(process.env['PATH'])
  if (!binary) return undefined
  const directory = await makeTestDirectory('redis')
  const port = await freePort()
  const start = async (): Promise<RedisServer> =>
    startRedis(binary, { directory, port, logFile: join(directory, 'log') })
  let server = await start()
  return {
    port,
    url: server.url,
    kill: async () => server.kill('SIGKILL'),
    start: async () => {
      server = await start()
    },
    [Symbol.asyncDispose]: async () => {
      await server.kill('SIGKILL')
      await rm(directory, { recursive: true, force: true })
    },
  }
}
