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
  // Fewer calls than in the run that counted them: nothing is left to be struck.
  if (fault && made === undefined) expect(await replica.ended).toBe('SIGKILL')
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
  // What lies between two calls is known to nobody else: killed after one is killed before the next,
  // and killed after looking at a file is killed before it.
  test('killed after every call of the writer and of the signer', async () => {
    const made = (await run(setting, undefined)) ?? []
    expect(made.length).toBeGreaterThan(50)
    const cases = [...made.entries()].filter(
      ([, name]) => setting.isStruck(name) && !/^(readdir|readFile) /.test(name),
    )
    const problems: string[] = []
    let survived = 0
    await inLanes(LANES, cases, async ([at, name]) => {
      try {
        if (await run(setting, { fault: 'SIGKILL', at })) survived += 1
      } catch (error) {
        problems.push(`${at} ${name}: ${String(error)}`)
      }
    })
    expect(problems).toEqual([])
    expect(survived).toBeLessThanOrEqual(2)
  }, 300_000)
})
