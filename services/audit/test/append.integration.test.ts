import { setTimeout as pause } from 'node:timers/promises'
import { uuidv7 } from '@lexcustis/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AuditLog } from '../src/audit-log.js'
import { singleEpoch } from '../src/domain/master-keys.js'
import {
  append,
  type AuditDatabase,
  completed,
  completedAttrs,
  input,
  person,
  reasonOf,
  started,
  startAuditDatabase,
  verified,
} from './audit-database.js'
import { startDroppingProxy } from './dropping-proxy.js'

let database: AuditDatabase
let log: AuditLog

beforeAll(async () => {
  database = await startAuditDatabase()
  log = database.open()
})
afterAll(async () => database[Symbol.asyncDispose]())

const LATER = '2099-01-01T00:00:00.000001Z'

describe('a chain', () => {
  test('begins with its genesis, and every receipt is where the record is', async () => {
    const org = uuidv7()
    const first = input()
    const { receipt, isDuplicate } = await append(log, org, first)
    expect(isDuplicate).toBe(false)
    expect(receipt).toMatchObject({ organizationId: org, sequence: 1n, id: first.id })
    const entry = await log.entries.get(org, { sequence: 1n })
    expect(entry).toMatchObject({ incarnation: receipt.incarnation, leaf: receipt.leaf })
    expect(JSON.parse(entry.canonical.toString())).toMatchObject({
      id: first.id,
      occurred_at: first.occurredAt,
      recorded_at: receipt.recordedAt,
      attrs: { document: 'd1' },
      kid: 'mac-1',
    })
    const genesis = await log.entries.get(org, { sequence: 0n })
    expect(JSON.parse(genesis.canonical.toString())).toMatchObject({
      type: 'chain.genesis',
      actor: { kind: 'system' },
      attrs: { origin: 'test.local' },
    })
    expect(await verified(log, org)).toMatchObject({
      codes: [],
      result: { isValid: true, checked: 2n, expected: 2n, open: 0n, breaks: 0n },
    })
  })

  test('stays one under two replicas with 200 appends each, from an empty table', async () => {
    const org = uuidv7()
    const replicas = [database.open(), database.open()]
    const receipts = await Promise.all(
      replicas.flatMap((replica) =>
        Array.from({ length: 200 }, async () => append(replica, org, input())),
      ),
    )
    const sequences = receipts.map(({ receipt }) => Number(receipt.sequence)).sort((a, b) => a - b)
    expect(sequences).toEqual(Array.from({ length: 400 }, (_, n) => n + 1))
    expect(new Set(receipts.map(({ receipt }) => receipt.incarnation)).size).toBe(1)
    expect((await verified(log, org)).result).toMatchObject({ isValid: true, checked: 401n })
  })

  test('of many organisations at once: each is its own', async () => {
    const orgs = Array.from({ length: 24 }, () => uuidv7())
    await Promise.all(
      Array.from({ length: 10 }, () => orgs)
        .flat()
        .map(async (org) => append(log, org, input())),
    )
    for (const org of orgs) {
      expect((await verified(log, org)).result).toMatchObject({ isValid: true, checked: 11n })
    }
  })

  test('does not go back in time when the clock does', async () => {
    const org = uuidv7()
    const ahead = database.open({ clock: { nowMicros: () => 4_000_000_000_123_456n } })
    const { receipt } = await append(ahead, org, input())
    expect((await append(log, org, input())).receipt.recordedAt).toBe(receipt.recordedAt)
    expect((await verified(log, org)).result.isValid).toBe(true)
  })

  test('takes turns: waiting records go together, and one that fails fails alone', async () => {
    const org = uuidv7()
    const flushes: number[] = []
    const replica = database.open({ onFlush: (rows) => flushes.push(rows) })
    const known = input()
    await append(replica, org, known)
    const clash = { ...known, attrsJson: '{"document":"other"}' }
    const all = await Promise.allSettled([
      ...Array.from({ length: 99 }, async () => append(replica, org, input())),
      append(replica, org, clash),
    ])
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(99)
    expect(all.at(-1)).toMatchObject({ status: 'rejected', reason: { reason: 'CONFLICT' } })
    expect(flushes).toEqual([1, 100])
    expect((await verified(log, org)).result).toMatchObject({ isValid: true, checked: 101n })
  })
})

describe('the same id', () => {
  const org = uuidv7()
  const content = [{ field: 'prompt' as const, value: 'Who has to report?' }]
  const chat = started(LATER, { content, trace: 'ab'.repeat(16) })

  test('again gets the first receipt, from any replica and at the same time', async () => {
    const first = await append(log, org, chat)
    const again = await Promise.all([
      append(log, org, chat),
      append(log, org, chat),
      append(database.open(), org, chat),
    ])
    for (const { receipt, isDuplicate } of again) {
      expect(isDuplicate).toBe(true)
      expect(receipt).toEqual(first.receipt)
    }
    expect((await verified(log, org)).result).toMatchObject({
      isValid: true,
      open: 1n,
      checked: 2n,
    })
  })

  test.each<[string, Partial<typeof chat>]>([
    ['another type', { type: 'document.deleted', attrsJson: '{"document":"d1"}' }],
    ['another time', { occurredAt: '2026-11-23T10:15:30.123456Z' }],
    ['other attributes', { attrsJson: chat.attrsJson.replace('"eu"', '"us"') }],
    ['a reference', { ref: uuidv7() }],
    ['another trace', { trace: 'cd'.repeat(16) }],
    ['another value', { content: [{ field: 'prompt', value: 'Who has to report!' }] }],
    ['another field', { content: [{ field: 'response', value: 'Who has to report?' }] }],
    ['one field more', { content: [...content, { field: 'passages', value: '[]' }] }],
    ['no content', { content: [] }],
  ])('with %s is a CONFLICT', async (_, change) => {
    expect(await reasonOf(append(log, org, { ...chat, ...change }))).toBe('CONFLICT')
  })

  test('by somebody else is a CONFLICT', async () => {
    const other = { ...person, subjectId: uuidv7() }
    expect(await reasonOf(append(log, org, chat, other))).toBe('CONFLICT')
    expect(await reasonOf(append(log, org, chat, { ...person, role: 'admin' }))).toBe('CONFLICT')
  })

  test('in another organisation is another record', async () => {
    expect(await append(log, uuidv7(), chat)).toMatchObject({ isDuplicate: false })
  })

  test('twice in one flush is one record', async () => {
    const own = uuidv7()
    const twin = input()
    const both = await Promise.all([append(log, own, twin), append(log, own, twin)])
    expect(both.map(({ isDuplicate }) => isDuplicate)).toEqual([false, true])
    expect(both[1].receipt).toEqual(both[0].receipt)
  })
})

describe('the end of a chat', () => {
  const aborted = (ref: string, outcome: string) =>
    input({
      type: 'chat.aborted',
      ref,
      attrsJson: JSON.stringify({ outcome, tokens_out: 1, total_ms: 2 }),
    })

  test('is there exactly once: the same kind of end gets its receipt, another is a CONFLICT', async () => {
    const org = uuidv7()
    const start = started(LATER)
    await append(log, org, start)
    const end = await append(log, org, completed(start.id))
    const late = { ...completedAttrs, delivered: false, total_ms: 9 }
    const second = await append(log, org, completed(start.id, { attrsJson: JSON.stringify(late) }))
    expect(second).toEqual({ receipt: end.receipt, isDuplicate: true })
    expect(await reasonOf(append(log, org, aborted(start.id, 'timeout')))).toBe('CONFLICT')
    expect((await verified(log, org)).result).toMatchObject({ isValid: true, open: 0n })
  })

  test('written by many at once, in one flush and over two replicas, has one winner', async () => {
    const org = uuidv7()
    const start = started(LATER)
    await append(log, org, start)
    const other = database.open()
    const outcomes = ['timeout', 'shutdown', 'lost', 'client_cancelled']
    const all = await Promise.allSettled(
      Array.from({ length: 40 }, async (_, n) =>
        append(n % 2 ? log : other, org, aborted(start.id, outcomes[n % 4]!)),
      ),
    )
    const kept = all.flatMap((each) => (each.status === 'fulfilled' ? each.value : []))
    expect(kept).toHaveLength(10)
    expect(kept.filter(({ isDuplicate }) => !isDuplicate)).toHaveLength(1)
    expect(new Set(kept.map(({ receipt }) => receipt.sequence)).size).toBe(1)
    const { items } = await log.entries.list(org, {
      limit: 200,
      cursor: '',
      type: '',
      ref: start.id,
    })
    expect(items).toHaveLength(1)
  })

  test('refused at the input it refers to nothing, as often as it happens', async () => {
    const org = uuidv7()
    const attrs = { outcome: 'blocked', stage: 'input', reasons: ['injection'], rules: [] }
    const refused = () => input({ type: 'chat.blocked', attrsJson: JSON.stringify(attrs) })
    await append(log, org, refused())
    expect(await append(log, org, refused())).toMatchObject({ isDuplicate: false })
  })
})

describe('what the lock does not catch, the constraints do', () => {
  test('a writer that ignores the lock cannot fork the chain', async () => {
    const org = uuidv7()
    const { receipt } = await append(log, org, input())
    const place = [org, receipt.incarnation, uuidv7()]
    const forge = `INSERT INTO audit.audit_logs (organization_id, incarnation, sequence_number, id,
        type, occurred_at, recorded_at, canonical, leaf, mac)
      SELECT $1, $2, sequence_number + 1, $3, type, occurred_at, recorded_at, canonical, leaf, mac
      FROM audit.audit_logs WHERE organization_id = $1 ORDER BY sequence_number DESC LIMIT 1`
    let waiting: ReturnType<typeof append> | undefined
    await database.superuser.transaction(async (tx) => {
      await tx.query(forge, place)
      // Waits at the constraint, holding the lock, until this transaction ends.
      waiting = append(log, org, input())
      await pause(300)
    })
    expect((await waiting)?.receipt.sequence).toBe(3n)
    expect((await verified(log, org)).codes).toContain('2 seq_mismatch')
  })
})

describe('a connection that is lost', () => {
  const killAll = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'audit-write'`

  test('again and again under load loses nothing acknowledged and repeats nothing', async () => {
    const org = uuidv7()
    const replica = database.open()
    const inputs = Array.from({ length: 400 }, () =>
      input({ content: [{ field: 'rationale', value: 'because' }] }),
    )
    let isDone = false as boolean
    const killing = (async () => {
      while (!isDone) {
        await database.superuser.query(killAll)
        await pause(150)
      }
    })()
    const results: PromiseSettledResult<Awaited<ReturnType<typeof append>>>[] = []
    for (let at = 0; at < inputs.length; at += 20) {
      const some = inputs.slice(at, at + 20)
      results.push(
        ...(await Promise.allSettled(some.map(async (each) => append(replica, org, each)))),
      )
    }
    isDone = true
    await killing

    for (const [index, result] of results.entries()) {
      const { id } = inputs[index]!
      if (result.status === 'fulfilled') {
        const entry = await log.entries.get(org, { id })
        expect(entry).toMatchObject({
          leaf: result.value.receipt.leaf,
          sequence: result.value.receipt.sequence,
        })
      } else {
        expect(result.reason).toMatchObject({ reason: 'UNAVAILABLE' })
      }
    }
    // Whoever was not answered asks again, and everything is there once.
    await Promise.all(inputs.map(async (each) => append(log, org, each)))
    expect((await verified(log, org)).result).toMatchObject({ isValid: true, checked: 401n })
  })

  test.each(['COMMIT', 'audit-records', 'BEGIN'])(
    'before the answer to %s: the batch is written once, and acknowledged',
    async (marker) => {
      const org = uuidv7()
      await using proxy = await startDroppingProxy(database.postgres.port, marker)
      const url = new URL(database.postgres.url('audit'))
      url.port = String(proxy.port)
      const replica = database.open({ databaseUrl: url.href })
      const inputs = Array.from({ length: 20 }, () => input())
      const all = await Promise.all(inputs.map(async (each) => append(replica, org, each)))
      expect(proxy.dropped()).toBe(1)
      expect(all.every(({ isDuplicate }) => !isDuplicate)).toBe(true)
      for (const { receipt } of all) {
        expect(await log.entries.get(org, { id: receipt.id })).toMatchObject({
          sequence: receipt.sequence,
          leaf: receipt.leaf,
        })
      }
      expect((await verified(log, org)).result).toMatchObject({ isValid: true, checked: 21n })
    },
  )

  test('a database that is killed mid-load and comes back lost nothing acknowledged', async () => {
    await using own = await startAuditDatabase({ durable: true })
    const replica = own.open()
    const org = uuidv7()
    const inputs = Array.from({ length: 300 }, () => input())
    const first = Promise.allSettled(inputs.map(async (each) => append(replica, org, each)))
    await pause(30)
    await own.postgres.kill('SIGKILL')
    const results = await first
    await own.postgres.start()
    const acknowledged = results.flatMap((result) =>
      result.status === 'fulfilled' ? result.value.receipt : [],
    )
    for (const receipt of acknowledged) {
      expect(await replica.entries.get(org, { id: receipt.id })).toMatchObject({
        leaf: receipt.leaf,
      })
    }
    await Promise.all(inputs.map(async (each) => append(replica, org, each)))
    expect((await verified(replica, org)).result).toMatchObject({ isValid: true, checked: 301n })
  })

  test('refuses while the database is away', async () => {
    await using own = await startAuditDatabase()
    const replica = own.open()
    await own.postgres.kill()
    expect(await reasonOf(append(replica, uuidv7(), input()))).toBe('UNAVAILABLE')
    await own.postgres.start()
    expect(await append(replica, uuidv7(), input())).toMatchObject({ isDuplicate: false })
  })
})

test('a replica with another master key of the same name does not extend a chain', async () => {
  const org = uuidv7()
  await append(log, org, input())
  const refused: string[] = []
  const stranger = database.open({
    epochs: singleEpoch(Buffer.alloc(32, 7)),
    onKeyRefused: (organizationId, problem) => refused.push(`${organizationId} ${problem}`),
  })
  expect(await reasonOf(append(stranger, org, input()))).toBe('UNAVAILABLE')
  expect(await reasonOf(append(stranger, org, input()))).toBe('UNAVAILABLE')
  expect(refused).toEqual([`${org} wrong key`])
  expect((await verified(log, org)).result.isValid).toBe(true)
})
