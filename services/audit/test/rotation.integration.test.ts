import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { uuidv7 } from '@lexcustis/core'
import { readRecord } from '@lexcustis/evidence'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AuditLog } from '../src/audit-log.js'
import { createEpoch, type Epoch } from '../src/domain/master-keys.js'
import {
  append,
  type AuditDatabase,
  input,
  masterKey,
  reasonOf,
  startAuditDatabase,
  verified,
} from './audit-database.js'

let database: AuditDatabase
beforeAll(async () => {
  database = await startAuditDatabase()
})
afterAll(async () => database[Symbol.asyncDispose]())

const masters = [masterKey, randomBytes(32), randomBytes(32)]

/** Epochs 1 to `known`, of which `current` seals. */
function epochs(known: number, current: number): readonly Epoch[] {
  return masters
    .slice(0, known)
    .map((master, index) =>
      createEpoch(`mac-${index + 1}`, master, index + 1 === current ? 'current' : 'verify_only'),
    )
}

const replica = (known: number, current: number): AuditLog =>
  database.open({ epochs: epochs(known, current) })

/** Of every record in order: its key, and the key it announces. */
async function keysOf(log: AuditLog, org: string) {
  const items = []
  for (let cursor = ''; ;) {
    const page = await log.entries.list(org, { limit: 200, cursor, type: '', ref: '' })
    items.push(...page.items)
    cursor = page.nextCursor
    if (cursor === '') break
  }
  return items.map(({ canonical }) => {
    const { type, kid, attrs } = readRecord(canonical)
    const isMac = type === 'key.announced' && attrs['use'] === 'mac'
    const announces = isMac ? attrs['kid'] : type === 'chain.genesis' ? kid : undefined
    return { kid, announces }
  })
}

/** Each key is announced exactly once, and before the first record it seals. */
async function expectAnnounced(log: AuditLog, org: string, kids: readonly string[]): Promise<void> {
  const records = await keysOf(log, org)
  for (const kid of kids) {
    const announced = records.flatMap(({ announces }, at) => (announces === kid ? [at] : []))
    expect(announced).toHaveLength(1)
    const firstUse = records.findIndex((record) => record.kid === kid)
    // The genesis announces the key that seals it.
    if (announced[0] !== 0) expect(firstUse).toBeGreaterThan(announced[0]!)
  }
  expect([...new Set(records.map(({ kid }) => kid))].sort()).toEqual([...kids].sort())
}

describe('a rotation', () => {
  test('in the middle of load, with a replica on each side, keeps the chain whole', async () => {
    const org = uuidv7()
    const old = replica(2, 1)
    const load = (log: AuditLog) =>
      Array.from({ length: 150 }, async () => append(log, org, input()))
    const before = load(old)
    await before[0]
    const renewed = replica(2, 2)
    await Promise.all([...before, ...load(renewed), ...load(old), ...load(renewed)])
    for (const log of [old, renewed]) {
      const { codes, result } = await verified(log, org)
      expect(codes).toEqual([])
      expect(result).toMatchObject({ isValid: true, checked: 602n })
    }
    await expectAnnounced(renewed, org, ['mac-1', 'mac-2'])
  })

  test('keeps it whole in whatever order replicas write, restart, go on and go back', async () => {
    const step = fc.record({
      current: fc.integer({ min: 1, max: 3 }),
      isFresh: fc.boolean(),
      count: fc.integer({ min: 1, max: 3 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const org = uuidv7()
        const running = new Map<number, AuditLog>()
        const used = new Set<string>()
        const opened = new Set<AuditLog>()
        for (const { current, isFresh, count } of steps) {
          const log = (!isFresh && running.get(current)) || replica(3, current)
          opened.add(log)
          running.set(current, log)
          used.add(`mac-${current}`)
          await Promise.all(Array.from({ length: count }, async () => append(log, org, input())))
        }
        const [log] = running.values()
        expect((await verified(log!, org)).codes).toEqual([])
        await expectAnnounced(log!, org, [...used])
        // Of all runs together they would hold more connections than the database has.
        for (const each of opened) await each[Symbol.asyncDispose]()
      }),
      { numRuns: 15 },
    )
  })

  test('announces with the key the log ended with, once for each log', async () => {
    const orgs = [uuidv7(), uuidv7()]
    const old = replica(2, 1)
    for (const org of orgs) await append(old, org, input())
    const renewed = replica(2, 2)
    for (const org of [...orgs, ...orgs]) await append(renewed, org, input())
    for (const org of orgs) {
      expect(await keysOf(renewed, org)).toEqual([
        { kid: 'mac-1', announces: 'mac-1' },
        { kid: 'mac-1', announces: undefined },
        { kid: 'mac-1', announces: 'mac-2' },
        { kid: 'mac-2', announces: undefined },
        { kid: 'mac-2', announces: undefined },
      ])
    }
  })

  test('whose first record is refused announces with the next one', async () => {
    const org = uuidv7()
    const known = input()
    await append(replica(2, 1), org, known)
    const renewed = replica(2, 2)
    const clash = { ...known, attrsJson: '{"document":"other"}' }
    expect(await reasonOf(append(renewed, org, clash))).toBe('CONFLICT')
    expect(await append(renewed, org, known)).toMatchObject({ isDuplicate: true })
    expect(await keysOf(renewed, org)).toHaveLength(2)
    await append(renewed, org, input())
    await expectAnnounced(renewed, org, ['mac-1', 'mac-2'])
    expect((await verified(renewed, org)).result).toMatchObject({ isValid: true, checked: 4n })
  })

  test('leaves content readable that was sealed before, and by the other side', async () => {
    const org = uuidv7()
    const content = [{ field: 'prompt' as const, value: 'Who has to report?' }]
    const [old, renewed] = [replica(2, 1), replica(2, 2)]
    const ids = []
    for (const log of [old, renewed, old])
      ids.push((await append(log, org, input({ content }))).receipt.id)
    const tenant = {
      organizationId: org,
      userId: uuidv7(),
      userRole: 'admin',
      kind: 'user',
      via: 'jwt',
    } as const
    for (const log of [old, renewed]) {
      for (const id of ids) {
        const read = await log.readContent(tenant, id)
        expect(read).toEqual([{ field: 'prompt', value: 'Who has to report?' }])
      }
    }
    // The data key of a person who came after the rotation is wrapped with the new key.
    const other = { kind: 'user', via: 'jwt', role: 'member', subjectId: uuidv7() } as const
    const { receipt } = await append(renewed, org, input({ content }), other)
    expect(await old.readContent(tenant, receipt.id)).toMatchObject([{ value: content[0]!.value }])
    const kids = await database.superuser.query<{ kid: string }>(
      'SELECT DISTINCT kid FROM audit.audit_subject_key WHERE organization_id = $1 ORDER BY kid',
      [org],
    )
    expect(kids.map(({ kid }) => kid)).toEqual(['mac-1', 'mac-2'])
  })

  test('survives a connection that is lost while the announcement is written', async () => {
    const org = uuidv7()
    await append(replica(2, 1), org, input())
    const renewed = replica(2, 2)
    const inputs = Array.from({ length: 40 }, () => input())
    const load = Promise.all(inputs.map(async (each) => append(renewed, org, each)))
    for (let cut = 0; cut < 5; cut += 1) {
      await database.superuser.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'audit-write'`,
      )
      await pause(5)
    }
    await load
    expect((await verified(renewed, org)).result).toMatchObject({ isValid: true, checked: 43n })
    await expectAnnounced(renewed, org, ['mac-1', 'mac-2'])
  })
})

describe('a replica that was left out of a rotation', () => {
  test('refuses where the new key is in use, and nothing forks', async () => {
    const [org, other] = [uuidv7(), uuidv7()]
    const refused: string[] = []
    const left = database.open({
      epochs: epochs(1, 1),
      onKeyRefused: (organizationId, problem) => refused.push(`${organizationId} ${problem}`),
    })
    const renewed = replica(2, 2)
    await append(left, org, input())
    await append(left, other, input())
    await append(renewed, org, input())
    const again = input()
    for (const _ of [1, 2]) expect(await reasonOf(append(left, org, again))).toBe('UNAVAILABLE')
    expect(refused).toEqual([`${org} unknown key`])
    // Where nobody rotated yet it goes on, and who asks again elsewhere is served.
    await append(left, other, input())
    expect(await append(renewed, org, again)).toMatchObject({ isDuplicate: false })
    expect((await verified(renewed, org)).result).toMatchObject({ isValid: true, checked: 5n })
    expect((await verified(renewed, other)).result).toMatchObject({ isValid: true, checked: 3n })
  })

  test('refuses after a restart as well, and so does one whose new key has other bytes', async () => {
    const org = uuidv7()
    await append(replica(2, 2), org, input())
    expect(await reasonOf(append(replica(1, 1), org, input()))).toBe('UNAVAILABLE')
    const mistaken = database.open({
      epochs: [...epochs(1, 0), createEpoch('mac-2', randomBytes(32), 'current')],
    })
    expect(await reasonOf(append(mistaken, org, input()))).toBe('UNAVAILABLE')
    expect((await verified(replica(2, 1), org)).result).toMatchObject({
      checked: 2n,
      isValid: true,
    })
  })

  test('is no reason to wait: a key that was dropped too early is missed at once', async () => {
    const org = uuidv7()
    await append(replica(1, 1), org, input())
    const hasty = database.open({ epochs: [createEpoch('mac-2', masters[1]!, 'current')] })
    expect(await reasonOf(append(hasty, org, input()))).toBe('UNAVAILABLE')
    // A new organisation knows nothing of mac-1.
    const fresh = uuidv7()
    await append(hasty, fresh, input())
    await expectAnnounced(hasty, fresh, ['mac-2'])
  })
})

describe('a damaged record', () => {
  const damage = async (org: string, set: string, sequences: string) =>
    database.superuser.transaction(async (tx) => {
      await tx.query('ALTER TABLE audit.audit_logs DISABLE TRIGGER USER')
      await tx.query(
        `UPDATE audit.audit_logs SET ${set}
         WHERE organization_id = $1 AND sequence_number ${sequences}`,
        [org],
      )
      await tx.query('ALTER TABLE audit.audit_logs ENABLE TRIGGER USER')
    })

  test.each([
    ['MAC', 'mac = leaf'],
    ['text', `canonical = 'not JSON'`],
    [
      'key id',
      `canonical = convert_to(replace(convert_from(canonical, 'UTF8'), 'mac-1', 'mac-2'), 'UTF8')`,
    ],
  ])('at the end, in its %s, is for verification to report, not for the key', async (_, set) => {
    const org = uuidv7()
    await append(replica(2, 1), org, input())
    await append(replica(2, 1), org, input())
    await damage(org, set, '= 2')
    const reason = await reasonOf(append(replica(2, 1), org, input()))
    // Only a record that claims a key nothing else was sealed with looks like a foreign one.
    expect(reason).toBe(set.includes('mac-2') ? 'UNAVAILABLE' : 'OK')
    expect((await verified(replica(2, 1), org)).result.isValid).toBe(false)
  })

  test('is not taken for one when nothing near fits', async () => {
    const org = uuidv7()
    await Promise.all(Array.from({ length: 20 }, async () => append(replica(2, 1), org, input())))
    await damage(org, 'mac = leaf', '> 2')
    expect(await reasonOf(append(replica(2, 1), org, input()))).toBe('UNAVAILABLE')
  })
})
