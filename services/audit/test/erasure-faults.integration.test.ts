import { setTimeout as pause } from 'node:timers/promises'
import { uuidv7 } from '@lexcustis/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { lockOf } from '../src/adapters/pg-log-store.js'
import type { AuditLog } from '../src/audit-log.js'
import type { ErasureDeps } from '../src/domain/erasure/erase-subject.js'
import { readRanges } from '../src/domain/erasure/ranges.js'
import type { Erasure } from '../src/erasure.js'
import { startScanLoop } from '../src/scan-loop.js'
import {
  append,
  type AuditDatabase,
  input,
  reasonOf,
  startAuditDatabase,
} from './audit-database.js'
import { ErasureWorld, GONE, openTestErasure } from './erasure-world.js'

let database: AuditDatabase
let log: AuditLog
let world: ErasureWorld
let second: Erasure
let signer: AsyncDisposable

beforeAll(async () => {
  database = await startAuditDatabase()
  log = database.open()
  // Nothing is appended to a log that nobody signs for a minute.
  signer = startScanLoop(
    async () => log.checkpoints.signWaiting(),
    500,
    () => undefined,
  )
  world = ErasureWorld.open(database, log)
  second = openTestErasure(database, database.open())
})
afterAll(async () => {
  await signer[Symbol.asyncDispose]()
  await world.erasure[Symbol.asyncDispose]()
  await second[Symbol.asyncDispose]()
  await database[Symbol.asyncDispose]()
})

type Moment = 'before' | 'after'

/** The process dies at its n-th call to the outside, before it is made or after it had its effect. */
function dyingAt(n: number, moment: Moment) {
  const state = { calls: 0, died: false }
  const guard =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      state.calls += 1
      if (state.died) throw new Error('killed')
      state.died = state.calls === n
      if (state.died && moment === 'before') throw new Error('killed')
      const result = await call(...args)
      if (state.died) throw new Error('killed')
      return result
    }
  const all = <T extends object>(port: T): T =>
    Object.fromEntries(
      Object.entries(port).map(([name, call]) => [
        name,
        guard(call as (...args: unknown[]) => Promise<unknown>),
      ]),
    ) as T
  const change = (deps: ErasureDeps): ErasureDeps => ({
    ...deps,
    reader: all(deps.reader),
    claims: all(deps.claims),
    eraser: all(deps.eraser),
    append: guard(deps.append),
  })
  return { state, change }
}

describe('killed between any two steps, the same call again completes it', () => {
  test.each([
    ['before', undefined],
    ['after', undefined],
    ['after', ['prompt', 'passages']],
  ] as const)('%s the call; fields %j', async (moment, fields) => {
    let n = 1
    for (; ; n += 1) {
      const subject = uuidv7()
      const chat = await world.chat(subject)
      const pid = await world.pidOf(subject)
      const approval = await world.approve(subject)
      const request = world.request(subject, approval, { fields: fields && [...fields] })
      const { state, change } = dyingAt(n, moment)
      await using dying = openTestErasure(database, log, change)
      const outcome = await reasonOf(dying.erase(world.admin, request))
      expect(outcome === 'OK', `call ${n}`).toBe(!state.died)

      const report = await world.erasure.erase(world.admin, request)
      const expected = fields ? 2n : 3n
      expect(report, `call ${n}`).toMatchObject({ erasedRecords: 2n, erasedFields: expected })
      expect(report.receipts.map(({ id }) => id)).toEqual([request.id])
      const left = fields ? { fields: 1n, keys: 1n, mappings: 1n } : GONE
      expect(await world.left(pid), `call ${n}`).toEqual(left)
      for (const { id } of [chat.start, chat.end]) {
        for (const { field, value, erasedBy } of await world.content(id)) {
          const isErased = !fields || field !== 'response'
          expect([erasedBy?.id, value === undefined]).toEqual([
            isErased ? request.id : undefined,
            isErased,
          ])
        }
      }
      if (!state.died) break
    }
    // Not a loop that ended at once: an erasure takes that many calls at least.
    expect(n).toBeGreaterThan(15)
    expect(await world.breaks()).toEqual([])
  })

  test('content never goes before the record that authorises it', async () => {
    for (let n = 1; ; n += 1) {
      const subject = uuidv7()
      const { end } = await world.chat(subject)
      const { state, change } = dyingAt(n, n % 2 === 0 ? 'before' : 'after')
      const request = world.request(subject, await world.approve(subject))
      await using dying = openTestErasure(database, log, change)
      await dying.erase(world.admin, request).catch(() => undefined)
      for (const { value, erasedBy } of await world.content(end.id)) {
        expect(value !== undefined || erasedBy?.id === request.id, `call ${n}`).toBe(true)
      }
      if (!state.died) return
    }
  })

  test('the database dies under it and comes back', async () => {
    await using own = await startAuditDatabase()
    const its = own.open()
    const there = ErasureWorld.open(own, its)
    const subject = uuidv7()
    for (let count = 0; count < 20; count += 1) await there.chat(subject)
    const pid = await there.pidOf(subject)
    const request = there.request(subject, await there.approve(subject))
    await using unlucky = openTestErasure(own, its, (deps) => ({
      ...deps,
      eraser: {
        ...deps.eraser,
        eraseContent: async (...args) => {
          const work = deps.eraser.eraseContent(...args)
          await Promise.all([work.catch(() => 0n), own.postgres.kill()])
          return work
        },
      },
    }))
    expect(await reasonOf(unlucky.erase(there.admin, request))).not.toBe('INTERNAL')
    await own.postgres.start()
    const report = await there.erasure.erase(there.admin, request)
    expect(report).toMatchObject({ erasedRecords: 40n, erasedFields: 60n })
    expect(await there.left(pid)).toEqual(GONE)
    expect(await there.breaks()).toEqual([])
    await there.erasure[Symbol.asyncDispose]()
  })
})

describe('at the same time', () => {
  test('the person goes on writing over two replicas: no content is left behind or lost', async () => {
    const replica = database.open()
    for (let round = 0; round < 4; round += 1) {
      const subject = uuidv7()
      await world.chat(subject)
      const pid = await world.pidOf(subject)
      const request = world.request(subject, await world.approve(subject))
      const written: string[] = []
      let isWriting = true
      const write = async (through: AuditLog) => {
        const actor = { kind: 'user', via: 'jwt', role: 'member', subjectId: subject } as const
        while (isWriting) {
          const content = [{ field: 'prompt' as const, value: `text ${written.length}` }]
          const { receipt } = await append(through, world.org, input({ content }), actor)
          written.push(receipt.id)
          await pause(5)
        }
      }
      const writers = [write(log), write(log), write(replica), write(replica)]
      const erasing = async () => {
        await pause(50)
        await world.erasure.erase(world.admin, request)
        const atTheEnd = written.length
        while (written.length < atTheEnd + 4) await pause(5)
      }
      await Promise.race([erasing(), ...writers]).finally(() => {
        isWriting = false
      })
      await Promise.all(writers)

      expect(await world.left(pid)).toEqual(GONE)
      const now = await world.pidOf(subject)
      const pids = new Set<string>()
      for (const id of written) {
        const { canonical } = await log.entries.get(world.org, { id })
        const { actor } = JSON.parse(canonical.toString()) as { actor: { pid: string } }
        pids.add(actor.pid)
        const [item] = await world.content(id)
        // Under the old pseudonym everything is erased with authority, under the new one it is there.
        if (actor.pid === pid) expect(item?.erasedBy, id).toBeDefined()
        else expect(item?.value, id).toMatch(/^text /)
      }
      expect([...pids].sort()).toEqual([pid, now].sort())
    }
    expect(await world.breaks()).toEqual([])
  }, 60_000)

  test('content of a flush that began before the pseudonym was cut off is erased with the rest', async () => {
    const subject = uuidv7()
    const { end } = await world.chat(subject)
    const pid = await world.pidOf(subject)
    const request = world.request(subject, await world.approve(subject))
    const flushing = database.as('audit')
    let erasing: Promise<unknown> | undefined
    await using late = openTestErasure(database, log, (deps) => ({
      ...deps,
      eraser: {
        ...deps.eraser,
        forgetSubject: async (org, whose) => {
          // A writer has the lock and has read the pseudonym; it has not written yet.
          await flushing.tenant(org, async (tx) => {
            await tx.query('SELECT pg_advisory_xact_lock($1)', [lockOf(org)])
            erasing = deps.eraser.forgetSubject(org, whose)
            expect(await Promise.race([erasing, pause(500, 'waits')])).toBe('waits')
            await tx.query(
              `INSERT INTO audit.audit_content
                 (organization_id, incarnation, sequence_number, field, pid, salt, nonce, ciphertext)
               SELECT organization_id, incarnation, sequence_number + 1000000, field, pid, salt, nonce,
                 ciphertext
               FROM audit.audit_content
               WHERE organization_id = $1 AND sequence_number = $2 AND field = 'response'`,
              [org, end.sequence],
            )
          })
          await erasing
        },
      },
    }))
    const { receipts } = await late.erase(world.admin, request)
    expect(receipts.length).toBe(2)
    expect(await world.attrsOf(receipts[1]!.id)).toMatchObject({
      seqs: [String(end.sequence + 1_000_000n)],
    })
    expect(await world.left(pid)).toEqual(GONE)
  })

  test.each([undefined, ['prompt' as const]])(
    'a person who writes without a pause does not keep it from ending; fields %j',
    async (fields) => {
      const subject = uuidv7()
      const actor = { kind: 'user', via: 'jwt', role: 'member', subjectId: subject } as const
      await world.chat(subject)
      const pid = await world.pidOf(subject)
      const request = world.request(subject, await world.approve(subject), { fields })
      let isWriting = true
      const write = async () => {
        while (isWriting) {
          const content = [{ field: 'prompt' as const, value: 'more' }]
          await append(log, world.org, input({ content }), actor)
        }
      }
      const writers = [write(), write(), write(), write()]
      await pause(20)
      const { receipts } = await world.erasure.erase(world.admin, request).finally(() => {
        isWriting = false
      })
      await Promise.all(writers)
      // What was there, what came until its record was written, and until the pseudonym was cut off.
      expect(receipts.length).toBeLessThanOrEqual(3)
      if (fields === undefined) expect(await world.left(pid)).toEqual(GONE)
      expect(await world.breaks()).toEqual([])
    },
    20_000,
  )

  test('two replicas carry out the same request: both say the same', async () => {
    for (let round = 0; round < 10; round += 1) {
      const subject = uuidv7()
      for (let count = 0; count < 3; count += 1) await world.chat(subject)
      const pid = await world.pidOf(subject)
      const request = world.request(subject, await world.approve(subject))
      const [one, two] = await Promise.all([
        world.erasure.erase(world.admin, request),
        second.erase(world.admin, request),
      ])
      expect(two).toEqual(one)
      expect(one).toMatchObject({ erasedRecords: 6n, erasedFields: 9n })
      expect(await world.left(pid)).toEqual(GONE)
    }
    expect(await world.breaks()).toEqual([])
  })

  test('two requests with an approval each: what both authorise goes once', async () => {
    const subject = uuidv7()
    for (let count = 0; count < 3; count += 1) await world.chat(subject)
    const pid = await world.pidOf(subject)
    const requests = [await world.approve(subject), await world.approve(subject)].map((approval) =>
      world.request(subject, approval),
    )
    const outcomes = await Promise.all([
      reasonOf(world.erasure.erase(world.admin, requests[0]!)),
      reasonOf(second.erase(world.admin, requests[1]!)),
    ])
    expect(outcomes).toContain('OK')
    expect(outcomes.every((outcome) => ['OK', 'NOT_FOUND'].includes(outcome))).toBe(true)
    expect(await world.left(pid)).toEqual(GONE)
    expect(await world.breaks()).toEqual([])
  })
})

test('5 000 records are split over several erasing records, and found again when it is killed', async () => {
  const subject = uuidv7()
  const actor = { kind: 'user', via: 'jwt', role: 'member', subjectId: subject } as const
  const sequences: bigint[] = []
  // Every other record is somebody else's: no two of the person's are neighbours.
  for (let block = 0; block < 20; block += 1) {
    const appended = await Promise.all(
      Array.from({ length: 500 }, async (_, n) => {
        const content = n % 2 === 0 ? [{ field: 'prompt' as const, value: 'x' }] : []
        return append(log, world.org, input({ content }), n % 2 === 0 ? actor : undefined)
      }),
    )
    for (const [n, { receipt }] of appended.entries()) {
      if (n % 2 === 0) sequences.push(receipt.sequence)
    }
  }
  expect(new Set(sequences).size).toBe(5_000)
  const pid = await world.pidOf(subject)
  const request = world.request(subject, await world.approve(subject))
  const { change, state } = dyingAt(18, 'after')
  await using dying = openTestErasure(database, log, change)
  await expect(dying.erase(world.admin, request)).rejects.toThrow('killed')
  expect(state.died).toBe(true)

  const report = await world.erasure.erase(world.admin, request)
  expect(report).toMatchObject({ erasedRecords: 5_000n, erasedFields: 5_000n })
  expect(report.receipts.length).toBe(3)
  expect(new Set(report.receipts.map(({ id }) => id)).size).toBe(3)
  const listed: bigint[] = []
  for (const { id } of report.receipts) {
    const { canonical } = await log.entries.get(world.org, { id })
    expect(canonical.length).toBeLessThanOrEqual(65_535)
    const ranges = readRanges((await world.attrsOf(id))['seqs'] as string[]) ?? []
    for (const { first, last } of ranges) {
      for (let sequence = first; sequence <= last; sequence += 1n) listed.push(sequence)
    }
  }
  expect(listed).toEqual([...sequences].sort((a, b) => (a < b ? -1 : 1)))
  expect(await world.left(pid)).toEqual(GONE)
  expect(await world.erasure.erase(world.admin, request)).toEqual(report)
  expect(await world.breaks()).toEqual([])
}, 120_000)
