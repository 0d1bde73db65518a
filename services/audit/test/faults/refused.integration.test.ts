import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock, uuidv7 } from '@lexcustis/core'
import { openDatabase } from '@lexcustis/postgres'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { openDirectoryCheckpointStore } from '../../src/adapters/directory-checkpoint-store.js'
import { lockOf } from '../../src/adapters/pg-log-store.js'
import {
  append,
  type AuditDatabase,
  input,
  startAuditDatabase,
  verified,
} from '../audit-database.js'
import { BEFORE } from './keys.js'
import { inputs } from './people.js'
import { type Answer, ask } from './scenario.js'
import { openReplica } from './settings.js'
import { expectWhole } from './whole.js'

afterEach(() => {
  vi.restoreAllMocks()
})

const canMount = process.platform === 'linux' && process.getuid?.() === 0 && tryMount()

/** A file system of its own, small enough to be filled. */
function mountSmall(size: string): Disposable & { readonly folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'lexcustis-small-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=0777`, 'tmpfs', folder])
  return {
    folder,
    [Symbol.dispose]: () => {
      execFileSync('umount', ['-l', folder])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function tryMount(): boolean {
  try {
    mountSmall('64k')[Symbol.dispose]()
    return true
  } catch {
    return false
  }
}

function fill(folder: string): string {
  const path = join(folder, 'filler')
  for (let blocks = 1; ; blocks += 1) {
    try {
      writeFileSync(path, Buffer.alloc(4_096), { flag: 'a' })
    } catch (error) {
      expect(error).toMatchObject({ code: 'ENOSPC' })
      return path
    }
  }
}

describe('a full disk (needs root on Linux, to mount a small file system)', () => {
  test.skipIf(!canMount)(
    'of the checkpoints: named, and after 60 s nothing is written',
    async () => {
      using small = mountSmall('256k')
      await using started = await startAuditDatabase()
      const database: AuditDatabase = { ...started, checkpointDirectory: small.folder }
      const failures: string[] = []
      const log = openReplica(database, BEFORE, {
        checkpointStore: await openDirectoryCheckpointStore(small.folder),
        onSignFailed: (_, error) => failures.push(String(error)),
      })
      await using _log = log
      const org = uuidv7()
      const asked = inputs(6)
      const answers: Answer[] = []
      const take = async (some: typeof asked) => {
        for (const each of some) answers.push(await ask(log, org, each))
      }
      await take(asked.slice(0, 2))
      await log.checkpoints.signWaiting()
      const filler = fill(small.folder)
      await take(asked.slice(2, 4))
      await log.checkpoints.signWaiting()
      expect(failures).toEqual(['AppError: the checkpoint store cannot be used (ENOSPC)'])
      expect(answers.filter((each) => 'refused' in each)).toEqual([])
      // A minute later, as the clock that never goes back tells.
      const real = performance.now.bind(performance)
      vi.spyOn(performance, 'now').mockImplementation(() => real() + 61_000)
      await expect(append(log, org, input())).rejects.toMatchObject({
        reason: 'UNAVAILABLE',
        message: 'records have waited for more than 60 s to be signed',
      })
      rmSync(filler)
      await log.checkpoints.signWaiting()
      await take(asked.slice(4))
      await expectWhole(database, log, { organizationId: org, asked, answers, own: 1 })
    },
  )

  test.skipIf(!canMount)('of the records: refused with a reason, nothing is lost', async () => {
    using small = mountSmall('4m')
    await using database = await startAuditDatabase()
    const { superuser } = database
    const [place] = await superuser.query<{ folder: string }>(
      `SELECT current_setting('data_directory') AS folder`,
    )
    execFileSync('chown', ['--reference', place?.folder ?? '', small.folder])
    await superuser.query(`CREATE TABLESPACE small LOCATION '${small.folder}'`)
    const partitions = await superuser.query<{ name: string }>(
      `SELECT inhrelid::regclass::text AS name FROM pg_inherits
       WHERE inhparent = 'audit.audit_logs'::regclass`,
    )
    for (const { name } of partitions)
      await superuser.query(`ALTER TABLE ${name} SET TABLESPACE small`)
    await using log = openReplica(database, BEFORE)
    const org = uuidv7()
    const asked = inputs(400)
    const answers: Answer[] = []
    const take = async (some: typeof asked) => {
      answers.push(...(await Promise.all(some.map(async (each) => ask(log, org, each)))))
    }
    await take(asked.slice(0, 20))
    const filler = fill(small.folder)
    await take(asked.slice(20))
    const refused = answers.flatMap((each) => ('refused' in each ? each.refused : []))
    expect(refused.length).toBeGreaterThan(0)
    expect(new Set(refused)).toEqual(new Set(['UNAVAILABLE']))
    await expect(
      Promise.all(inputs(300).map(async (each) => append(log, uuidv7(), each))),
    ).rejects.toMatchObject({ message: 'the database has no space left' })
    rmSync(filler)
    await expectWhole(database, log, { organizationId: org, asked, answers, own: 1 })
  })
})

test('a clock set back an hour: no record is before the one before it', async () => {
  await using database = await startAuditDatabase()
  let offsetMicros = 0n
  const clock = { nowMicros: () => systemClock.nowMicros() + offsetMicros }
  await using log = openReplica(database, BEFORE, { clock })
  const org = uuidv7()
  const asked = inputs(9)
  const answers: Answer[] = []
  for (const [index, each] of asked.entries()) {
    if (index === 3) offsetMicros = -3_600_000_000n
    if (index === 6) vi.spyOn(Date, 'now').mockReturnValue(Date.now() - 3_600_000)
    answers.push(await ask(log, org, each))
    await log.checkpoints.signWaiting()
  }
  await log.checkpoints.sweep()
  await expectWhole(database, log, { organizationId: org, asked, answers, own: 1 })
  const rows = await database.superuser.query<{ recorded_at: string }>(
    'SELECT recorded_at FROM audit.audit_logs WHERE organization_id = $1 ORDER BY sequence_number',
    [org],
  )
  const times = rows.map(({ recorded_at: time }) => time)
  expect(times).toEqual([...times].sort())
  expect(new Set(times.slice(3)).size).toBe(1)
})

const SERVER_CONNECTIONS = 10

describe('connections are exhausted', () => {
  test('by organisations that cannot be written: others wait, the queue is bounded, all recovers', async () => {
    await using database = await startAuditDatabase()
    const limits = { maxConcurrent: 1, maxWaiting: 20, maxWaitingPerOrganization: 20 }
    await using log = openReplica(database, BEFORE, { limits })
    const [held, org] = [uuidv7(), uuidv7()]
    const asked = inputs(40)
    const answers: Answer[] = []
    let stuck: Promise<unknown> | undefined
    let waiting: Promise<Answer>[] = []
    await database.superuser.transaction(async (tx) => {
      await tx.query('SELECT pg_advisory_xact_lock($1)', [lockOf(held)])
      stuck = append(log, held, input())
      await vi.waitFor(() => {
        expect(log.waiting()).toBe(0)
      })
      waiting = asked.map(async (each) => ask(log, org, each))
      const first = await Promise.race(waiting)
      expect(first).toMatchObject({ refused: 'UNAVAILABLE' })
      expect(log.waiting()).toBe(20)
      await expect(append(log, org, input())).rejects.toMatchObject({
        reason: 'UNAVAILABLE',
        message: 'too many records wait to be written',
        retryAfterMs: 500,
      })
    })
    await stuck
    answers.push(...(await Promise.all(waiting)))
    expect(answers.filter((each) => 'refused' in each)).toHaveLength(20)
    await expectWhole(database, log, { organizationId: org, asked, answers, own: 1 })
    expect((await verified(log, held)).result.isValid).toBe(true)
  })

  test('of the server: refused, and taken up again when there are some', async () => {
    await using database = await startAuditDatabase({
      settings: {
        max_connections: String(SERVER_CONNECTIONS + 2),
        superuser_reserved_connections: '2',
      },
    })
    // Those of everybody but the superuser.
    const hog = openDatabase({
      url: database.postgres.url('audit'),
      name: 'hog',
      maxConnections: SERVER_CONNECTIONS,
    })
    const held = await Promise.all(
      Array.from({ length: SERVER_CONNECTIONS }, async () => hog.pool.connect()),
    )
    await using log = openReplica(database, BEFORE)
    const org = uuidv7()
    const asked = inputs(5)
    const answers = await Promise.all(asked.map(async (each) => ask(log, org, each)))
    expect(answers.map((each) => 'refused' in each && each.refused)).toEqual(
      asked.map(() => 'UNAVAILABLE'),
    )
    for (const client of held) client.release(true)
    await hog[Symbol.asyncDispose]()
    await expectWhole(database, log, { organizationId: org, asked, answers, own: 1 })
  })
})
