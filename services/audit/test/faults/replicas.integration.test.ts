import { setTimeout as pause } from 'node:timers/promises'
import { uuidv7 } from '@lexcustis/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AppendInput } from '../../src/domain/draft.js'
import { type AuditDatabase, startAuditDatabase } from '../audit-database.js'
import { BEFORE } from './keys.js'
import { inputs } from './people.js'
import { buildReplica, type ReplicaProcess, type ReplicaProgram } from './replica-process.js'
import type { Strike } from './replica.js'
import type { Answer } from './scenario.js'
import { openReplica } from './settings.js'
import { expectWhole } from './whole.js'

let database: AuditDatabase
let program: ReplicaProgram

beforeAll(async () => {
  database = await startAuditDatabase()
  program = await buildReplica()
})
afterAll(async () => {
  await program[Symbol.asyncDispose]()
  await database[Symbol.asyncDispose]()
})

const start = async (organizationId: string, fault?: Strike): Promise<ReplicaProcess> =>
  program.start({
    databaseUrl: database.postgres.url('audit'),
    checkpointDirectory: database.checkpointDirectory,
    keys: BEFORE,
    organizationId,
    signEveryMs: 100,
    ...(fault ? { fault } : {}),
  })

/** What all processes said, when the last word is theirs, and one more replica looks at it. */
async function expectAllWhole(
  organizationId: string,
  asked: readonly AppendInput[],
  replicas: readonly ReplicaProcess[],
): Promise<void> {
  await using log = openReplica(database, BEFORE)
  const answers = replicas.flatMap((replica): readonly Answer[] => replica.answers)
  await expectWhole(database, log, { organizationId, asked, answers, own: 1 })
  expect(replicas.flatMap(({ diverged }) => diverged)).toEqual([])
}

/** Asks again, with the same id, until the record is acknowledged. */
async function insist(replica: ReplicaProcess, org: string, input: AppendInput): Promise<void> {
  while ('refused' in (await replica.ask(org, input))) await pause(100)
}

test('a replica that is killed under load: the other one goes on, and nothing is lost', async () => {
  const org = uuidv7()
  await using one = await start(org)
  await using two = await start(org)
  const asked = inputs(600)
  const clients = asked.map(async (input, index) => {
    await pause(index * 2)
    if (index % 2 === 1) await insist(two, org, input)
    else if ('refused' in (await one.ask(org, input))) await insist(two, org, input)
  })
  while (one.answers.length < 40) await pause(5)
  one.signal('SIGKILL')
  expect(await one.ended).toBe('SIGKILL')
  await Promise.all(clients)
  expect(one.answers.length).toBeLessThan(300)
  await expectAllWhole(org, asked, [one, two])
}, 120_000)

/** Longer than the ten seconds after which PostgreSQL ends a transaction that does nothing. */
const LONGER_THAN_LEASE_MS = 12_000

test.skipIf(process.platform === 'win32').concurrent.each([
  ['a writer with the lock, before its records', 'INSERT INTO audit.audit_logs'],
  ['a writer before its COMMIT', 'COMMIT'],
  ['a signer with the lock', 'SELECT set_config'],
  ['a signer before its note is linked', 'link'],
])(
  '%s, stopped for longer than its lease and continued',
  async (_, at) => {
    const org = uuidv7()
    await using paused = await start(org, { fault: 'SIGSTOP', at })
    await using other = await start(org)
    const [early, late, last] = [inputs(20), inputs(20), inputs(5)]
    const asked = early.map(async (input) => paused.ask(org, input))
    expect(await paused.stopping).toContain(at)
    await pause(100)
    const began = performance.now()
    const written = late.map(async (input) => insist(other, org, input))
    await pause(LONGER_THAN_LEASE_MS)
    // By now the other one has taken over, whatever the stopped one held.
    await Promise.all(written)
    const tookMs = performance.now() - began
    paused.signal('SIGCONT')
    await Promise.all(asked)
    // It works on as before.
    await Promise.all(last.map(async (input) => insist(paused, org, input)))
    expect(tookMs).toBeLessThan(LONGER_THAN_LEASE_MS + 15_000)
    await expectAllWhole(org, [...early, ...late, ...last], [paused, other])
  },
  120_000,
)
