import { setTimeout as pause } from 'node:timers/promises'
import { uuidv7 } from '@lexcustis/core'
import { expect, test } from 'vitest'
import type { AuditLog } from '../../src/audit-log.js'
import type { AppendInput } from '../../src/domain/draft.js'
import { startScanLoop } from '../../src/scan-loop.js'
import { startAuditDatabase } from '../audit-database.js'
import { BEFORE } from './keys.js'
import { inputs } from './people.js'
import { type Answer, ask } from './scenario.js'
import { openReplica } from './settings.js'
import { expectWhole } from './whole.js'

const KILLS = 20
const CLIENTS = 6
const LOAD_MS = 150

interface Load {
  readonly organizationId: string
  readonly asked: AppendInput[]
  readonly answers: Answer[]
}

test('PostgreSQL is killed twenty times under load: nothing acknowledged is lost', async () => {
  await using database = await startAuditDatabase({ durable: true })
  await using one = openReplica(database, BEFORE)
  await using two = openReplica(database, BEFORE)
  const loads = [createLoad(), createLoad()]
  let isOver = false as boolean
  const isRunning = (): boolean => !isOver
  const client = async (log: AuditLog, { organizationId, asked, answers }: Load) => {
    while (isRunning()) {
      const [input] = inputs(1)
      if (!input) return
      asked.push(input)
      // The same id until it is acknowledged, as clients do.
      for (let isAnswered = false as boolean; !isAnswered && isRunning();) {
        const answer = await ask(log, organizationId, input)
        answers.push(answer)
        isAnswered = !('refused' in answer)
        if (!isAnswered) await pause(20)
      }
    }
  }
  const sign = (log: AuditLog): AsyncDisposable =>
    startScanLoop(
      async () => log.checkpoints.signWaiting(),
      50,
      () => undefined,
    )
  const kills: number[] = []
  {
    await using _one = sign(one)
    await using _two = sign(two)
    const clients = Array.from({ length: CLIENTS }, async (_, index) =>
      client(index % 2 === 0 ? one : two, loads[index < CLIENTS / 2 ? 0 : 1]!),
    )
    for (let kill = 0; kill < KILLS; kill += 1) {
      const before = acknowledged(loads)
      // Under load means that something was acknowledged since the last time.
      while (acknowledged(loads) === before) await pause(10)
      await pause(Math.random() * LOAD_MS)
      await database.postgres.kill('SIGKILL')
      kills.push(acknowledged(loads))
      await database.postgres.start()
    }
    isOver = true
    await Promise.all(clients)
  }
  expect(new Set(kills).size).toBe(KILLS)
  for (const load of loads) {
    const refusals = load.answers.flatMap((each) => ('refused' in each ? each.refused : []))
    expect(refusals.filter((reason) => reason !== 'UNAVAILABLE')).toEqual([])
    await expectWhole(database, two, { ...load, own: 1 })
  }
}, 300_000)

function createLoad(): Load {
  return { organizationId: uuidv7(), asked: [], answers: [] }
}

function acknowledged(loads: readonly Load[]): number {
  return loads.flatMap(({ answers }) => answers.filter((each) => !('refused' in each))).length
}
