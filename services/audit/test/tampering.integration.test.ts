import { uuidv7 } from '@lexcustis/core'
import { leafHash } from '@lexcustis/evidence'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AuditLog } from '../src/audit-log.js'
import {
  append,
  type AuditDatabase,
  completed,
  input,
  started,
  startAuditDatabase,
  verified,
} from './audit-database.js'

let database: AuditDatabase
let log: AuditLog

beforeAll(async () => {
  database = await startAuditDatabase()
  log = database.open()
})
afterAll(async () => database[Symbol.asyncDispose]())

/** What an administrator of the database can do: all protection off, one statement, on again. */
async function tamper(sql: string, values: readonly unknown[]): Promise<void> {
  await database.superuser.transaction(async (tx) => {
    await tx.query('ALTER TABLE audit.audit_logs DISABLE TRIGGER USER')
    const returning = sql.includes('RETURNING') ? sql : `${sql} RETURNING sequence_number`
    const rows = await tx.query(returning, values)
    expect(rows).not.toEqual([])
    await tx.query('ALTER TABLE audit.audit_logs ENABLE TRIGGER USER')
  })
}

async function newChain(): Promise<string> {
  const org = uuidv7()
  for (let n = 1; n <= 7; n += 1)
    await append(log, org, input({ attrsJson: `{"document":"d${n}"}` }))
  return org
}

const WHERE = 'WHERE organization_id = $1 AND sequence_number = 4'
const OTHER =
  'SELECT o.% FROM audit.audit_logs AS o WHERE o.organization_id = $1 AND o.sequence_number = 2'
const set = (assignment: string) => `UPDATE audit.audit_logs AS l SET ${assignment} ${WHERE}`
const copied = (column: string) => `${column} = (${OTHER.replace('%', column)})`
const bytes = (from: string, to: string) =>
  `canonical = convert_to(replace(convert_from(canonical, 'UTF8'), '${from}', '${to}'), 'UTF8')`

describe('what an administrator changes is found, where it is', () => {
  test.each([
    ['the bytes', set(bytes('"d4"', '"d5"')), ['4 leaf_mismatch', '4 mac_mismatch']],
    [
      'the bytes and their leaf',
      set(
        `${bytes('"d4"', '"d5"')}, leaf = sha256('\\x00'::bytea || convert_to(replace(convert_from(canonical, 'UTF8'), '"d4"', '"d5"'), 'UTF8'))`,
      ),
      ['4 mac_mismatch'],
    ],
    [
      'the layout of the bytes',
      set(bytes(',"v":1', ', "v":1')),
      ['4 canonical_form', '4 leaf_mismatch', '4 mac_mismatch'],
    ],
    [
      'the bytes into no JSON',
      set(bytes('{"actor"', '{actor')),
      ['4 canonical_malformed', '4 leaf_mismatch', '4 mac_mismatch'],
    ],
    [
      'the bytes into no record',
      set(bytes('"v":1', '"v":2')),
      ['4 envelope_schema', '4 leaf_mismatch', '4 mac_mismatch'],
    ],
    ['the leaf', set(copied('leaf')), ['4 leaf_mismatch']],
    ['the MAC', set(copied('mac')), ['4 mac_mismatch', '5 mac_mismatch']],
    [
      'one record for another',
      set(`${copied('canonical')}, ${copied('leaf')}`),
      [
        '4 seq_mismatch',
        '4 clock_backwards',
        '4 projection_mismatch',
        '4 projection_mismatch',
        '4 projection_mismatch',
        '4 mac_mismatch',
      ],
    ],
    ['the id beside the bytes', set(`id = '${uuidv7()}'`), ['4 projection_mismatch']],
    ['the type beside the bytes', set(`type = 'document.deleted'`), ['4 projection_mismatch']],
    ['the reference beside the bytes', set(`ref = '${uuidv7()}'`), ['4 projection_mismatch']],
    [
      'the time beside the bytes',
      set(`recorded_at = '2026-11-23T10:15:30.123456Z'`),
      ['4 projection_mismatch'],
    ],
    [
      'the other time beside the bytes',
      set(`occurred_at = '2020-11-23T10:15:30.123456Z'`),
      ['4 projection_mismatch'],
    ],
    [
      'an end that is due beside the bytes',
      set(`ends_by = '2099-11-23T10:15:30.123456Z'`),
      ['4 projection_mismatch'],
    ],
    ['a deletion', `DELETE FROM audit.audit_logs ${WHERE}`, ['5 seq_gap']],
    [
      'a deletion of the first',
      `DELETE FROM audit.audit_logs WHERE organization_id = $1 AND sequence_number = 0`,
      ['1 seq_gap'],
    ],
    [
      'a deletion of many',
      `DELETE FROM audit.audit_logs WHERE organization_id = $1 AND sequence_number BETWEEN 2 AND 5`,
      ['6 seq_gap'],
    ],
  ])('%s', async (_, sql, expected) => {
    const org = await newChain()
    await tamper(sql, [org])
    const { codes, result } = await verified(log, org)
    expect(codes).toEqual(expected)
    expect(result).toMatchObject({ isValid: false, expected: 8n, breaks: BigInt(expected.length) })
  })

  test('two that change places', async () => {
    const org = await newChain()
    await tamper(
      `UPDATE audit.audit_logs AS l SET canonical = o.canonical, leaf = o.leaf, mac = o.mac
       FROM audit.audit_logs AS o
       WHERE l.organization_id = $1 AND o.organization_id = $1
         AND (l.sequence_number, o.sequence_number) IN ((3, 4), (4, 3))
       RETURNING l.sequence_number`,
      [org],
    )
    const { codes } = await verified(log, org)
    expect(codes).toEqual(
      expect.arrayContaining([
        '3 seq_mismatch',
        '3 mac_mismatch',
        '4 seq_mismatch',
        '4 mac_mismatch',
      ]),
    )
  })

  test('a chain of another organisation put in its place', async () => {
    const [org, other] = [await newChain(), await newChain()]
    await tamper('DELETE FROM audit.audit_logs WHERE organization_id = $1', [org])
    await tamper(
      `INSERT INTO audit.audit_logs (organization_id, incarnation, sequence_number, id, type, ref,
         occurred_at, recorded_at, ends_by, canonical, leaf, mac)
       SELECT $1, incarnation, sequence_number, id, type, ref,
         occurred_at, recorded_at, ends_by, canonical, leaf, mac
       FROM audit.audit_logs WHERE organization_id = $2`,
      [org, other],
    )
    const { codes, result } = await verified(log, org)
    expect(result).toMatchObject({ isValid: false, checked: 8n })
    expect(codes.filter((code) => code.endsWith('wrong_org'))).toHaveLength(8)
    expect(codes.filter((code) => code.endsWith('mac_mismatch'))).toHaveLength(8)
    expect((await verified(log, other)).result.isValid).toBe(true)
  })

  test('a record moved to another incarnation', async () => {
    const org = await newChain()
    await tamper(set(`incarnation = 'ffffffff-ffff-7fff-bfff-ffffffffffff'`), [org])
    const { codes, result } = await verified(log, org)
    expect(codes).toEqual(['4 seq_gap', '4 wrong_incarnation'])
    expect(result).toMatchObject({ isValid: false, checked: 1n, expected: 5n })
  })

  test('a copy of a record, with the primary key removed, at the edge of what is read at a time', async () => {
    const own = await startAuditDatabase()
    try {
      const replica = own.open()
      const org = uuidv7()
      await Promise.all(Array.from({ length: 513 }, async () => append(replica, org, input())))
      await own.superuser.query('ALTER TABLE audit.audit_logs DROP CONSTRAINT audit_logs_place')
      await own.superuser.query(
        `INSERT INTO audit.audit_logs (organization_id, incarnation, sequence_number, id, type, ref,
           occurred_at, recorded_at, ends_by, canonical, leaf, mac)
         SELECT organization_id, incarnation, sequence_number, gen_random_uuid(), type, ref,
           occurred_at, recorded_at, ends_by, canonical, leaf, mac
         FROM audit.audit_logs WHERE organization_id = $1 AND sequence_number IN (511, 512)`,
        [org],
      )
      const { codes, result } = await verified(replica, org)
      expect(codes.filter((code) => code.endsWith('seq_duplicate'))).toEqual([
        '511 seq_duplicate',
        '512 seq_duplicate',
      ])
      expect(result).toMatchObject({ isValid: false, checked: 516n, expected: 514n })
    } finally {
      await own[Symbol.asyncDispose]()
    }
  })
})

describe('a chat', () => {
  test('whose end is overdue is a break, one that may still end is counted', async () => {
    const org = uuidv7()
    const over = started('2026-11-23T10:15:30.123456Z')
    await append(log, org, over)
    const open = started('2099-01-01T00:00:00.000001Z')
    await append(log, org, open)
    const ended = started('2026-11-23T10:15:30.123456Z')
    await append(log, org, ended)
    await append(log, org, completed(ended.id))
    // The start is only overdue some time after it was recorded, however early its ends_by was.
    expect((await verified(log, org)).result).toMatchObject({ isValid: true, open: 2n })
    const later = database.open({ clock: { nowMicros: () => 4_000_000_000_123_456n } })
    const { codes, result } = await verified(later, org)
    expect(codes).toEqual(['1 end_missing'])
    expect(result).toMatchObject({
      isValid: false,
      checked: 5n,
      expected: 5n,
      open: 1n,
      breaks: 1n,
    })
  })
})

test('an empty log is not a valid one', async () => {
  const { codes, result } = await verified(log, uuidv7())
  expect(codes).toEqual(['- empty'])
  expect(result).toMatchObject({ isValid: false, checked: 0n, expected: 0n, breaks: 1n })
})

test('a tail that was cut is not seen without a checkpoint: the chain says nothing about its end', async () => {
  const org = await newChain()
  await tamper('DELETE FROM audit.audit_logs WHERE organization_id = $1 AND sequence_number > 4', [
    org,
  ])
  expect((await verified(log, org)).result).toMatchObject({ isValid: true, expected: 5n })
})

test('the leaf of a record is the RFC 6962 hash of its stored bytes', async () => {
  const org = await newChain()
  const entry = await log.entries.get(org, { sequence: 3n })
  expect(entry.leaf).toEqual(leafHash(entry.canonical))
})
