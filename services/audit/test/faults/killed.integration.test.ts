import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AuditLog } from '../../src/audit-log.js'
import { type AuditDatabase, startAuditDatabase } from '../audit-database.js'
import { BEFORE } from './keys.js'
import { inLanes } from './lanes.js'
import { buildReplica, type ReplicaProgram } from './replica-process.js'
import type { Strike } from './replica.js'
import { openReplica, type Setting, SETTINGS } from './settings.js'
import { expectWhole } from './whole.js'

let database: AuditDatabase
let first: AuditLog
let program: ReplicaProgram

beforeAll(async () => {
  database = await startAuditDatabase()
  first = openReplica(database, BEFORE)
  program = await buildReplica()
})
afterAll(async () => {
  await program[Symbol.asyncDispose]()
  await first[Symbol.asyncDispose]()
  await database[Symbol.asyncDispose]()
})

const LANES = 3

/** A replica that dies, and another one with the same keys that takes over. */
async function run(
  setting: Setting,
  fault: Strike | undefined,
): Promise<readonly string[] | undefined> {
  const { before, organizationId, batches } = await setting.prepare(first)
  await using replica = await program.start({
    databaseUrl: database.postgres.url('audit'),
    checkpointDirectory: database.checkpointDirectory,
    keys: setting.keys,
    organizationId,
    ...(fault ? { fault } : {}),
  })
  const made = await replica.play({ organizationId, batches })
  if (fault) expect(await replica.ended).toBe('SIGKILL')
  const diverged: string[] = []
  await using next = openReplica(database, setting.keys, {
    onDiverged: (_, { code }) => diverged.push(code),
  })
  const answers = [...before, ...replica.answers]
  await expectWhole(database, next, {
    organizationId,
    asked: batches.flat(),
    answers,
    own: setting.own,
  })
  expect([...diverged, ...replica.diverged]).toEqual([])
  return made
}

describe.each(SETTINGS)('$name', (setting) => {
  // What lies between two calls is known to nobody else: killed after one is killed before the next.
  test('killed after every call of the writer and of the signer', async () => {
    const made = (await run(setting, undefined)) ?? []
    expect(made.length).toBeGreaterThan(50)
    const problems: string[] = []
    await inLanes(LANES, [...made.entries()], async ([at, name]) => {
      await run(setting, { fault: 'SIGKILL', at }).catch((error: unknown) => {
        problems.push(`${at} ${name}: ${String(error)}`)
      })
    })
    expect(problems).toEqual([])
  }, 300_000)
})
