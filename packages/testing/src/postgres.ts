import { execFile } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { chmod, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { migrate } from '@lexcustis/postgres'
import {
  bootstrapRoles,
  createPassword,
  databaseUrl,
  LOGIN_ROLES,
  type LoginRole,
  ROLES_FILE,
} from '@lexcustis/provision'
import {
  type Account,
  canReach,
  type Cluster,
  copyBinaries,
  freePort,
  initCluster,
  installedBinaries,
  type Server,
  type ServerOptions,
  StackFailure,
  startServer,
  unprivilegedAccount,
} from '@lexcustis/stack'
import { buildOnce, makeTestDirectory, testRoot } from './workspace.js'

const run = promisify(execFile)

/** What a test writes is gone after a power cut, which no test makes; kill -9 loses nothing. */
const FORGETFUL = { fsync: 'off', full_page_writes: 'off' }
const SMALL = {
  shared_buffers: '32MB',
  // A test of many replicas opens several pools for each.
  max_connections: '400',
  max_wal_size: '64MB',
  min_wal_size: '2MB',
}
const PORT_ATTEMPTS = 5

export interface TestPostgresOptions {
  /** Keep fsync on, for tests that measure or that count on them. */
  readonly durable?: boolean
  /** Server settings, as in postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>
}

/** A PostgreSQL 16 of a test's own, with all roles and schemas and no tables. */
export interface TestPostgres extends AsyncDisposable {
  readonly port: number
  readonly pid: number
  readonly superuserUrl: string
  /** Of a role that logs in; also takes the name without `lexcustis_`. */
  url(role: string): string
  /** Applies a service's migrations as the owner; returns the names applied. */
  migrate(schema: string, directory: string): Promise<string[]>
  /** Ends the server at once (SIGKILL), or in an orderly way (SIGINT); every connection breaks. */
  kill(signal?: NodeJS.Signals): Promise<void>
  /** Starts it again after `kill`, on the same port and data. */
  start(): Promise<void>
  /** Copies the data of the stopped server; what is returned puts the copy back in its place. */
  backUp(): Promise<() => Promise<void>>
}

interface Template {
  readonly data: string
  readonly passwords: Readonly<Record<LoginRole | 'postgres', string>>
}

/**
 * Starts a throw-away server in about a second: a cluster with the roles of roles.sql is made once
 * per machine, and its data folder is copied for each call.
 */
export async function startTestPostgres(options: TestPostgresOptions = {}): Promise<TestPostgres> {
  const account = unprivilegedAccount()
  const native = await reachableBinaries(account)
  const template = await openTemplate(native, account)
  const home = await makeTestDirectory('postgres')
  await chmod(home, 0o711)
  const cluster: Cluster = { native, directory: join(home, 'data'), account }
  await run('cp', ['-pR', template.data, cluster.directory])

  const settings = { ...SMALL, ...(options.durable ? {} : FORGETFUL), ...options.settings }
  const logFile = join(home, 'log')
  let server = await startOnFreePort(cluster, { logFile, settings })
  const { port } = server
  const url = (role: string): string => {
    const name = LOGIN_ROLES.find((known) => known === role || known === `lexcustis_${role}`)
    if (!name) throw new Error(`there is no role ${role} that logs in`)
    return databaseUrl(name, template.passwords[name], { port })
  }
  return {
    port,
    get pid() {
      return server.pid
    },
    superuserUrl: databaseUrl('postgres', template.passwords.postgres, { port }),
    url,
    migrate: async (schema, directory) =>
      migrate({ url: url('lexcustis_migrator'), schema, directory }),
    kill: async (signal = 'SIGKILL') => server.kill(signal),
    start: async () => {
      server = await startServer(cluster, { port, logFile, settings })
    },
    backUp: async () => {
      const copy = join(home, `backup-${randomUUID()}`)
      const offline = async (work: () => Promise<unknown>): Promise<void> => {
        await server.kill('SIGINT')
        await work()
        server = await startServer(cluster, { port, logFile, settings })
      }
      await offline(async () => run('cp', ['-pR', cluster.directory, copy]))
      return async () =>
        offline(async () => {
          await rm(cluster.directory, { recursive: true, maxRetries: 5 })
          await run('cp', ['-pR', copy, cluster.directory])
        })
    },
    [Symbol.asyncDispose]: async () => {
      // Immediate: what it holds is deleted next.
      await server.kill('SIGQUIT')
      await rm(home, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

async function reachableBinaries(account: Account | undefined): Promise<string> {
  const native = installedBinaries()
  if (canReach(account, join(native, 'bin/postgres'), 'x')) return native
  return copyBinaries(native, join(await testRoot(), 'native'))
}

async function openTemplate(native: string, account: Account | undefined): Promise<Template> {
  const roles = await readFile(ROLES_FILE, 'utf8')
  const manifest = await readFile(join(native, '../package.json'), 'utf8').catch(() => native)
  const key = createHash('sha256')
    .update(JSON.stringify([roles, manifest, account ?? null]))
    .digest('hex')
  const directory = join(await testRoot(), `template-${key.slice(0, 16)}`)
  await buildOnce(directory, async (work) => {
    await buildTemplate({ native, directory: join(work, 'data'), account }, work)
  })
  const passwords = JSON.parse(
    await readFile(join(directory, 'passwords.json'), 'utf8'),
  ) as Template['passwords']
  return { data: join(directory, 'data'), passwords }
}

async function buildTemplate(cluster: Cluster, work: string): Promise<void> {
  await chmod(work, 0o711)
  const names = ['postgres', ...LOGIN_ROLES] as const
  const passwords = Object.fromEntries(names.map((name) => [name, createPassword()])) as Record<
    LoginRole | 'postgres',
    string
  >
  await writeFile(join(work, 'passwords.json'), JSON.stringify(passwords), { mode: 0o600 })
  await initCluster(cluster, passwords.postgres, ['--wal-segsize=1', '--no-sync'])
  const server = await startOnFreePort(cluster, {
    logFile: join(work, 'log'),
    settings: { ...SMALL, ...FORGETFUL },
  })
  try {
    await bootstrapRoles({ password: passwords.postgres, port: server.port }, passwords)
  } finally {
    await server.stop()
  }
}

/** Another process may take the port between finding and using it. */
async function startOnFreePort(
  cluster: Cluster,
  options: Omit<ServerOptions, 'port'>,
): Promise<Server> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startServer(cluster, { ...options, port: await freePort() })
    } catch (error) {
      const busy = error instanceof StackFailure && error.code === 'PORT_BUSY'
      if (!busy || attempt === PORT_ATTEMPTS) throw error
    }
  }
}
