import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AuditLog } from '../../src/audit-log.js'
import { type AuditDatabase, startAuditDatabase } from '../audit-database.js'
import { type Calls, createCalls, failingAt, type Fault } from './calls.js'
import { startFaultyDatabase } from './faulty-database.js'
import { isOfFiles, watchFiles } from './faulty-files.js'
import { inLanes } from './lanes.js'
import { type Answer, play } from './scenario.js'
import { BEFORE } from './keys.js'
import { openReplica, type Setting, SETTINGS } from './settings.js'
import { expectWhole } from './whole.js'

let database: AuditDatabase
let first: AuditLog

beforeAll(async () => {
  database = await startAuditDatabase()
  first = openReplica(database, BEFORE)
})
afterAll(async () => {
  await first[Symbol.asyncDispose]()
  await database[Symbol.asyncDispose]()
})

const FAULTS: readonly Fault[] = ['not done', 'refused', 'done']
const LANES = 4

/** One replica, from its first connection to its last checkpoint, and what has to hold afterwards. */
async function run(setting: Setting, calls: Calls): Promise<number> {
  const { before, ...scenario } = await setting.prepare(first)
  const { organizationId } = scenario
  await using faulty = await startFaultyDatabase(database.postgres.url('audit'), calls)
  using _files = await watchFiles(organizationId, calls)
  const diverged: string[] = []
  await using log = openReplica(database, setting.keys, {
    databaseUrl: faulty.url,
    onDiverged: (_, { code }) => diverged.push(code),
  })
  const answers: Answer[] = [...before]
  await play(log, scenario, (answer) => answers.push(answer))
  const count = calls.made.length
  const refusals = new Set(answers.flatMap((each) => ('refused' in each ? each.refused : [])))
  expect([...refusals].filter((reason) => reason !== 'UNAVAILABLE')).toEqual([])
  const asked = scenario.batches.flat()
  await expectWhole(database, log, { organizationId, asked, answers, own: setting.own })
  expect(diverged).toEqual([])
  return count
}

describe.each(SETTINGS)('$name', (setting) => {
  test('every call of the writer and of the signer fails once, in three ways', async () => {
    const dry = createCalls()
    const made = dry.made.slice(0, await run(setting, dry))
    void made.join('\n')
    const cases = FAULTS.flatMap((fault) =>
      made.map((name, index) => ({ fault, index, name })),
    ).filter(({ fault, name }) => fault !== 'refused' || !isOfFiles(name))
    const struck = new Set<string>()
    const problems: string[] = []
    await inLanes(LANES, cases, async ({ fault, index, name }) => {
      const calls = failingAt(index, fault)
      await run(setting, calls).catch((error: unknown) => {
        problems.push(`${index} ${name}: ${fault}: ${String(error)}`)
      })
      for (const each of calls.struck) struck.add(each)
    })
    expect(problems).toEqual([])
    expect(
      [...new Set(made)].filter((name) => setting.isStruck(name) && !struck.has(name)),
    ).toEqual([])
  }, 300_000)
})
