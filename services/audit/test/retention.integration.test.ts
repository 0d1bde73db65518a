import { uuidv7 } from '@lexcustis/core'
import {
  isConsistent,
  leafHash,
  readCheckpoint,
  readRecord,
  rootFromInclusion,
} from '@lexcustis/evidence'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isKept } from '../src/domain/retention/kept.js'
import { LEGAL_BASIS } from '../src/domain/retention/expire.js'
import {
  append,
  type AuditDatabase,
  input,
  reasonOf,
  startAuditDatabase,
} from './audit-database.js'
import { RetentionWorld } from './retention-world.js'

let database: AuditDatabase
beforeAll(async () => {
  database = await startAuditDatabase()
})
afterAll(async () => database[Symbol.asyncDispose]())

const NOTHING = { records: 0n, fields: 0n }

/** 300 records, all older than any policy in these tests, and a young one behind them. */
async function oldWorld(chats = 3): Promise<RetentionWorld> {
  const world = RetentionWorld.open(database)
  for (let n = 0; n < chats; n += 1) await world.chat(`secret ${n}`)
  await world.fill(300)
  await world.sign()
  await world.policy(184, 400)
  world.clock.forward(1_000)
  await world.fill(1)
  await world.sign()
  return world
}

describe('the policy', () => {
  test.each([
    [183, undefined, /Art\. 19\(1\) and 26\(6\)/],
    [undefined, 200, /before its record/],
    [300, 299, /before its record/],
    [365, 183, /Art\. 19/],
    [0, undefined, /six months/],
    [-1, undefined, /six months/],
    [184.5, undefined, /number of days/],
    [36_501, undefined, /number of days/],
  ])('content %s, records %s: refused, and nothing is recorded', async (content, record, why) => {
    await using world = RetentionWorld.open(database)
    await expect(world.policy(content, record)).rejects.toThrow(why)
    expect(await world.sequences()).toEqual([])
  })

  test('everything is kept without one', async () => {
    await using world = RetentionWorld.open(database)
    await world.chat()
    await world.fill(300)
    await world.sign()
    world.clock.forward(36_000)
    const before = await world.sequences()
    expect(await world.run()).toMatchObject({ content: NOTHING, records: { count: 0n } })
    expect(await world.sequences()).toEqual(before)
    expect(await world.contentOf()).toEqual([1, 2])
  })

  test('is an admin’s to set and to apply, and no key’s', async () => {
    await using world = RetentionWorld.open(database)
    const days = { contentDays: 184, recordDays: 184 }
    for (const role of ['member', 'reviewer', 'auditor', 'operator'] as const) {
      const work = world.retention.set(world.someone(role), { id: uuidv7(), ...days })
      expect(await reasonOf(work)).toBe('FORBIDDEN')
      expect(await reasonOf(world.retention.apply(world.someone(role), true))).toBe('FORBIDDEN')
    }
    const key = { ...world.admin, kind: 'api_key', via: 'api_key' } as const
    expect(await reasonOf(world.retention.set(key, { id: uuidv7(), ...days }))).toBe('FORBIDDEN')
    expect(await world.sequences()).toEqual([])
  })

  test('is recorded, may be set again, and the last one counts', async () => {
    await using world = RetentionWorld.open(database)
    const id = uuidv7()
    const set = { id, contentDays: 184, recordDays: 200 }
    for (let n = 0; n < 2; n += 1) {
      const { policy } = await world.retention.set(world.admin, set)
      expect(policy).toEqual({ contentDays: 184, recordDays: 200, approvedBy: id })
    }
    expect(await world.typesOf()).toEqual(['chain.genesis', 'settings.changed'])
    const { attrs } = readRecord((await world.log.entries.get(world.org, { id })).canonical)
    expect(attrs).toEqual({
      changed: ['retention.content_days', 'retention.record_days'],
      version: 'content 184 record 200',
    })
    const other = { id, contentDays: 185, recordDays: 200 }
    expect(await reasonOf(world.retention.set(world.admin, other))).toBe('CONFLICT')
    await world.policy(undefined, undefined)
    expect((await world.retention.get(world.org)).policy).toMatchObject({
      contentDays: undefined,
      recordDays: undefined,
    })
  })
})

describe('content', () => {
  test('goes after its days, behind a record that lists it; younger content stays', async () => {
    await using world = RetentionWorld.open(database)
    await world.chat('old')
    await world.policy(184, undefined)
    const { approvedBy } = (await world.retention.get(world.org)).policy
    world.clock.forward(100)
    await world.chat('young')
    world.clock.forward(85)
    await world.sign()
    const before = await world.sequences()
    const dry = await world.run(true)
    expect(dry).toEqual({
      isDryRun: true,
      content: { records: 2n, fields: 2n },
      records: { count: 0n, minimumIndex: 0n },
      heldBy: [],
    })
    expect(await world.sequences()).toEqual(before)
    expect(await world.contentOf()).toEqual([1, 2, 4, 5])
    expect(await world.run()).toEqual({ ...dry, isDryRun: false })
    expect(await world.contentOf()).toEqual([4, 5])
    const expired = await world.log.entries.get(world.org, { sequence: 6n })
    const { attrs, type, actor } = readRecord(expired.canonical)
    expect({ type, attrs }).toEqual({
      type: 'content.expired',
      attrs: { seqs: ['1-2'], legal_basis: LEGAL_BASIS, approved_by: approvedBy },
    })
    expect(actor).toMatchObject({ kind: 'user', role: 'admin' })
    const { projection } = await world.log.entries.get(world.org, { sequence: 1n })
    const [prompt] = await world.log.readContent(world.admin, projection.id)
    expect(prompt).toMatchObject({ field: 'prompt', erasedBy: { id: expired.projection.id } })
    await world.sign()
    expect(await world.breaks()).toEqual([])
    // Nothing is left to do, and nothing is said.
    const then = await world.sequences()
    expect(await world.run()).toMatchObject({ content: NOTHING })
    expect(await world.sequences()).toEqual(then)
  })

  test('of an open incident stays until it is closed, and so do its records', async () => {
    await using world = RetentionWorld.open(database)
    await world.fill(10)
    const held = await world.chat('evidence')
    await world.chat('not held')
    await world.fill(600)
    await world.policy(184, 200)
    await world.record('incident.opened', {
      incident: 'INC-1',
      entries: [held.end.id],
    })
    world.clock.forward(300)
    await world.fill(1)
    await world.sign()
    const dry = await world.run(true)
    expect(dry).toEqual({
      isDryRun: true,
      content: { records: 2n, fields: 2n },
      records: { count: 0n, minimumIndex: 0n },
      heldBy: ['INC-1'],
    })
    expect(await world.run()).toEqual({ ...dry, isDryRun: false })
    expect(await world.contentOf()).toEqual([held.start.sequence, held.end.sequence].map(Number))

    await world.record('incident.closed', { incident: 'INC-1' })
    await world.sign()
    const then = await world.run(true)
    expect(then).toMatchObject({ content: { records: 2n }, heldBy: [] })
    expect(then.records.minimumIndex).toBe(512n)
    expect(await world.run()).toEqual({ ...then, isDryRun: false })
    expect(await world.contentOf()).toEqual([])
    await world.sign()
    expect(await world.breaks()).toEqual([])
  })

  test('of another organisation stays', async () => {
    await using world = await oldWorld()
    const theirs = uuidv7()
    await world.chat('theirs', theirs)
    await world.fill(300, theirs)
    await world.sign()
    world.clock.forward(1_000)
    await world.fill(1)
    await world.sign()
    const before = await world.sequences(theirs)
    expect((await world.run()).records.minimumIndex).toBe(256n)
    expect(await world.sequences(theirs)).toEqual(before)
    expect(await world.contentOf(theirs)).toEqual([1, 2])
    expect(await world.breaks(theirs)).toEqual([])
  })
})

describe('records', () => {
  test('a dry run says what the run does, and changes nothing', async () => {
    await using world = await oldWorld()
    const before = await world.sequences()
    const dry = await world.run(true)
    expect(dry.records).toEqual({ count: 255n, minimumIndex: 256n })
    expect(dry.content).toEqual({ records: 6n, fields: 6n })
    expect(await world.sequences()).toEqual(before)
    expect((await world.retention.get(world.org)).minimumIndex).toBe(0n)
    expect(await world.run()).toEqual({ ...dry, isDryRun: false })
    expect((await world.sequences()).filter((sequence) => sequence < 256)).toEqual([0])
    expect((await world.retention.get(world.org)).minimumIndex).toBe(256n)
    expect(await world.run()).toMatchObject({
      content: NOTHING,
      records: { count: 0n, minimumIndex: 256n },
    })
  })

  test('are proven after it, and the log goes on', async () => {
    await using world = RetentionWorld.open(database)
    const { log, org } = world
    await world.fill(100)
    await world.sign()
    await world.policy(184, 184)
    await world.fill(170)
    await world.sign()
    await world.fill(30)
    await world.sign()
    const old = readCheckpoint((await log.checkpoints.newest(org)).note)
    const gone = await log.entries.get(org, { sequence: 7n })
    world.clock.forward(200)
    await world.fill(1)
    await world.sign()
    await world.run()
    await world.fill(20)
    await world.sign()
    expect(await world.breaks()).toEqual([])

    const { log: place, note, size } = await log.checkpoints.newest(org)
    const { root } = readCheckpoint(note)
    const kept = (await world.sequences()).map(BigInt)
    expect(kept.slice(0, 3)).toEqual([0n, 101n, 256n])
    for (const sequence of [0n, 101n, 256n, 300n]) {
      const { canonical } = await log.entries.get(org, { sequence })
      const { hashes } = await log.checkpoints.proofs.inclusion(place, sequence, 0n)
      const reached = rootFromInclusion({ leaf: leafHash(canonical), sequence, size, hashes })
      expect(Buffer.from(reached ?? []).equals(root)).toBe(true)
    }
    // Whoever kept a record can still prove that it was there.
    const { hashes } = await log.checkpoints.proofs.inclusion(place, 7n, 0n)
    const leaf = leafHash(gone.canonical)
    const reached = rootFromInclusion({ leaf, sequence: 7n, size, hashes })
    expect(Buffer.from(reached ?? []).equals(root)).toBe(true)
    const proof = await log.checkpoints.proofs.consistency(place, old.size, 0n)
    const grown = { from: old.size, fromRoot: old.root, to: size, toRoot: root }
    expect(isConsistent({ ...grown, hashes: proof.hashes })).toBe(true)
    expect(await reasonOf(log.entries.get(org, { sequence: 7n }))).toBe('NOT_FOUND')
  })

  test('a process that starts afterwards compares, appends, signs and verifies', async () => {
    await using world = await oldWorld()
    await world.run()
    const fresh = database.open({ clock: world.clock })
    await fresh.checkpoints.open()
    expect(fresh.checkpoints.guard.divergenceOf(world.org)).toBeUndefined()
    const { receipt } = await append(fresh, world.org, input())
    await fresh.checkpoints.signWaiting()
    expect((await fresh.checkpoints.newest(world.org)).size).toBe(receipt.sequence + 1n)
    expect(await world.breaks()).toEqual([])
  })

  test('the next run goes on from there, past records that stay', async () => {
    await using world = await oldWorld()
    await world.run()
    await world.fill(500)
    await world.sign()
    world.clock.forward(500)
    await world.fill(1)
    await world.sign()
    const dry = await world.run(true)
    expect(dry.records.minimumIndex).toBe(768n)
    expect(await world.run()).toEqual({ ...dry, isDryRun: false })
    const types = (await world.typesOf()).slice(0, 4)
    // Of the first run: the policy, what it erased and what it pruned.
    expect(types).toEqual([
      'chain.genesis',
      'settings.changed',
      'content.expired',
      'settings.changed',
    ])
    expect(await world.breaks()).toEqual([])
  })

  test('a chat without an end stays, and everything behind it', async () => {
    await using world = RetentionWorld.open(database)
    await world.fill(300)
    const start = await world.chat()
    await world.fill(300)
    await world.policy(184, 184)
    // A log as it was before the end came: a start whose end nobody wrote.
    const { started } = await import('./audit-database.js')
    await append(world.log, world.org, started('2026-11-23T10:25:30.123456Z'))
    await world.fill(300)
    world.clock.forward(300)
    await world.fill(1)
    await world.sign()
    expect(start.start.sequence).toBeLessThan(512n)
    // The open start is record 604: only what lies before its tile may go.
    expect((await world.run()).records.minimumIndex).toBe(512n)
  })

  test('everything that the rule of the database keeps, and nothing else, is kept by ours', async () => {
    const { RECORD_TYPES } = await import('@lexcustis/evidence')
    for (const type of RECORD_TYPES) {
      for (const ref of [undefined, uuidv7()]) {
        const [row] = await database.superuser.query<{ kept: boolean }>(
          'SELECT audit.is_kept($1, $2) AS kept',
          [type, ref ?? null],
        )
        const projection = { id: '', type, ref, occurredAt: '', recordedAt: '', endsBy: undefined }
        expect(isKept({ projection }), type).toBe(row?.kept)
      }
    }
  })
})
