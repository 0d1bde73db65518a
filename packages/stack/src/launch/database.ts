import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { AppError } from '@lexcustis/core'
import { isConnectionLost } from '@lexcustis/postgres'
import { bootstrapRoles, databaseUrl, migrateAll } from '@lexcustis/provision'
import { unprivilegedAccount } from '../account.js'
import { diskFull, StackFailure } from '../failure.js'
import { type Cluster, initCluster, isInitialised, startServer } from '../postgres/cluster.js'
import { placePostgres } from '../postgres/placement.js'
import { childDied } from '../supervise/keeper.js'
import type { Part } from '../supervise/part.js'
import type { Layout } from './layout.js'
import type { RolePasswords } from './secrets.js'

/** How long the database outlives a launcher that was killed: the services end their chats meanwhile. */
const GRACE_SECONDS = 5
const INVALID_PASSWORD = '28P01'

/** Finds the database's place and user, and says so when it is not where one would look. */
export async function locateCluster(layout: Layout, say: (line: string) => void): Promise<Cluster> {
  const account = unprivilegedAccount()
  const { native, directory, elsewhere } = await placePostgres(layout.root, account)
  if (elsewhere) {
    say(
      `PostgreSQL runs as the user ${account?.name ?? ''}, which cannot enter ${layout.root}: ` +
        `its binaries and data are in ${elsewhere}`,
    )
  }
  return { native, directory, account }
}

/** Whether the cluster exists. Throws DATA_DAMAGED for a folder that holds something else. */
export async function hasCluster({ directory }: Cluster, isExpected: boolean): Promise<boolean> {
  if (isInitialised(directory)) return true
  const isEmpty = !existsSync(directory) || (await readdir(directory)).length === 0
  if (isEmpty && !isExpected) return false
  throw new StackFailure(
    'DATA_DAMAGED',
    `The database in ${directory} is ${isEmpty ? 'gone' : 'incomplete'}; restore the folder from a backup, ` +
      'or move the whole data folder away to begin anew.',
    { path: directory },
  )
}

export async function createCluster(cluster: Cluster, passwords: RolePasswords): Promise<void> {
  await initCluster(cluster, passwords.postgres)
}

/** The server as a part of the stack. */
export function postgresPart(cluster: Cluster, port: number, logFile: string): Part {
  return {
    name: 'postgres',
    logFile,
    async start() {
      const options = {
        port,
        logFile,
        graceSeconds: GRACE_SECONDS,
        settings: { max_connections: '100' },
      }
      const { pid, ended, stop, kill } = await startServer(cluster, options)
      return { pid, ended, stop, kill: async () => kill('SIGKILL') }
    },
  }
}

/** Roles, schemas and tables as this version wants them. Throws DATA_DAMAGED when they do not fit. */
export async function prepareDatabase(
  checkout: string,
  port: number,
  passwords: RolePasswords,
  logFile: string,
): Promise<void> {
  try {
    await bootstrapRoles({ password: passwords.postgres, port }, passwords)
    await migrateAll(
      checkout,
      databaseUrl('lexcustis_migrator', passwords.lexcustis_migrator, { port }),
    )
  } catch (error) {
    if (isConnectionLost(error instanceof AppError ? error.cause : error)) {
      throw await childDied('postgres', 'it ended while it was being prepared', logFile)
    }
    throw describe(error)
  }
}

function describe(error: unknown): unknown {
  const cause = error instanceof AppError ? error.cause : error
  const { code, message } = cause as { code?: string; message?: string }
  if (code === '53100') return diskFull('the database', error)
  if (code === INVALID_PASSWORD) {
    return new StackFailure(
      'DATA_DAMAGED',
      'The database does not accept its password from secrets/postgres_database_url; restore that file.',
      {},
      { cause: error },
    )
  }
  return new StackFailure(
    'DATA_DAMAGED',
    `The database does not fit this version (${message ?? 'no reason given'}); use the version it was made with.`,
    {},
    { cause: error },
  )
}
