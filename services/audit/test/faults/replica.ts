import { writeSync } from 'node:fs'
import { systemClock } from '@lexcustis/core'
import { openDirectoryCheckpointStore } from '../../src/adapters/directory-checkpoint-store.js'
import { openAuditLog } from '../../src/audit-log.js'
import type { AppendInput } from '../../src/domain/draft.js'
import { startScanLoop } from '../../src/scan-loop.js'
import { createCalls, type Fault } from './calls.js'
import { startFaultyDatabase } from './faulty-database.js'
import { watchFiles } from './faulty-files.js'
import { type PortableKeys, readKeys } from './keys.js'
import { ask, play, type Scenario } from './scenario.js'

/** What a replica is told when it starts. */
export interface ReplicaOrder {
  readonly databaseUrl: string
  readonly checkpointDirectory: string
  readonly keys: PortableKeys
  /** Calls are counted whose path has this organisation in it; those to the database all are. */
  readonly organizationId: string
  readonly fault?: Strike
  /** Signs what waits this often; never unless told. */
  readonly signEveryMs?: number
}

export interface Strike {
  readonly fault: Fault
  /** The number of the call, from 0, or how its name begins. */
  readonly at: number | string
}

export type Command =
  { readonly play: Scenario } | { readonly append: AppendInput; readonly organizationId: string }

/**
 * A replica of the service as a process of its own, without a network: commands come as messages,
 * answers go out as lines, written at once and before anything else happens.
 */
const order = JSON.parse(process.argv[2] ?? '') as ReplicaOrder
const say = (line: object): void => {
  const text = JSON.stringify(line, (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  )
  writeSync(1, `${text}\n`)
}

let isStruck = false
const calls = createCalls((name, index) => {
  const { fault, at } = order.fault ?? {}
  const isMeant = typeof at === 'number' ? at === index : at !== undefined && name.startsWith(at)
  if (isStruck || !isMeant) return undefined
  isStruck = true
  if (fault === 'SIGSTOP') say({ stopping: name })
  return fault
})
const database = await startFaultyDatabase(order.databaseUrl, calls)
const checkpointStore = await openDirectoryCheckpointStore(order.checkpointDirectory)
await watchFiles(order.organizationId, calls)
const log = openAuditLog({
  ...readKeys(order.keys),
  databaseUrl: database.url,
  checkpointStore,
  origin: 'test.local',
  lostGraceMs: 0,
  clock: systemClock,
  onDiverged: (_, { code }) => say({ diverged: code }),
})
const { signEveryMs } = order
if (signEveryMs !== undefined) {
  startScanLoop(
    async () => log.checkpoints.signWaiting(),
    signEveryMs,
    () => undefined,
  )
}

process.on('message', (command: Command) => {
  void ('play' in command
    ? play(log, command.play, say).then(() => say({ made: calls.made }))
    : ask(log, command.organizationId, command.append).then(say))
})
process.on('disconnect', () => process.exit(0))
say({ ready: process.pid })
