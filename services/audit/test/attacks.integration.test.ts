import { uuidv7 } from '@lexcustis/core'
import { canonicalText, createRecordMac, genesisMac, leafHash } from '@lexcustis/evidence'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AuditLog, AuditLogOptions } from '../src/audit-log.js'
import type { CheckpointStore, OrganizationLog } from '../src/domain/checkpoint-store.js'
import { createKeyring } from '../src/domain/keyring.js'
import { singleEpoch } from '../src/domain/master-keys.js'
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

/** An organisation with ten records under a checkpoint. */
async function signedLog(
  log: AuditLog,
): Promise<{ readonly org: string; readonly place: OrganizationLog }> {
  const org = uuidv7()
  for (let count = 0; count < 9; count += 1) await append(log, org, input())
  await log.checkpoints.signWaiting()
  const { log: place, size } = await log.checkpoints.newest(org)
  expect(size).toBe(10n)
  return { org, place }
}

/** As whoever owns the database server. */
async function asSuperuser(sql: string, values: readonly unknown[]): Promise<void> {
  await database.superuser.transaction(async (tx) => {
    for (const table of ['audit_logs', 'audit_tiles']) {
      await tx.query(`ALTER TABLE audit.${table} DISABLE TRIGGER USER`)
    }
    await tx.query(sql, values)
    for (const table of ['audit_logs', 'audit_tiles']) {
      await tx.query(`ALTER TABLE audit.${table} ENABLE TRIGGER USER`)
    }
  })
}

/** A service that starts after the attack. */
function reopened(options: Partial<AuditLogOptions> = {}): {
  readonly log: AuditLog
  readonly alerts: string[]
} {
  const alerts: string[] = []
  const onDiverged: AuditLogOptions['onDiverged'] = (org, { code }) => alerts.push(`${org} ${code}`)
  return { log: database.open({ ...options, onDiverged }), alerts }
}

async function deploymentEvents(store: CheckpointStore, org: string): Promise<string[]> {
  const events: string[] = []
  for await (const entry of store.entries(0n)) {
    if (!entry.startsWith('{') || !entry.includes(org)) continue
    const { event, code } = JSON.parse(entry) as { event: string; code?: string }
    events.push(code === undefined ? event : `${event} ${code}`)
  }
  return events
}

describe('what the chain alone would miss', () => {
  test('a tail cut back to before the last checkpoint', async () => {
    const before = database.open()
    const { org, place } = await signedLog(before)
    await asSuperuser(
      'DELETE FROM audit.audit_logs WHERE organization_id = $1 AND sequence_number >= 6',
      [org],
    )
    // The replica that is still running knows what was signed and does not fork the log.
    expect(await reasonOf(append(before, org, input()))).toBe('UNAVAILABLE')
    const { log, alerts } = reopened()
    await log.checkpoints.open()
    expect(alerts).toContain(`${org} log_behind`)
    expect(await reasonOf(append(log, org, input()))).toBe('UNAVAILABLE')
    expect(await reasonOf(log.checkpoints.covering(place, 5n, { timeoutMs: 100 }))).toBe(
      'UNAVAILABLE',
    )
    const { divergence, size } = await log.checkpoints.newest(org)
    expect([divergence, size]).toMatchObject([{ code: 'log_behind', storedSize: 6n }, 10n])
    expect(await deploymentEvents(database.checkpointStore, org)).toContain(
      'log.diverged log_behind',
    )
    const { result, codes } = await verified(log, org)
    expect(result).toMatchObject({ isValid: false, checked: 6n, expected: 10n })
    expect(codes).toContain('6 tail_missing')
  })

  test('a whole organisation deleted', async () => {
    const { org } = await signedLog(database.open())
    await asSuperuser('DELETE FROM audit.audit_logs WHERE organization_id = $1', [org])
    const { log, alerts } = reopened()
    await log.checkpoints.open()
    expect(alerts).toContain(`${org} log_missing`)
    expect(await reasonOf(append(log, org, input()))).toBe('UNAVAILABLE')
    const { result, codes } = await verified(log, org)
    expect(result.isValid).toBe(false)
    expect(codes).toContain('- empty')
  })

  test('history rewritten with the master key', async () => {
    const { org, place } = await signedLog(database.open())
    await rewrite(org, place)
    const { log, alerts } = reopened()
    expect(await reasonOf(append(log, org, input()))).toBe('UNAVAILABLE')
    expect(alerts).toEqual([`${org} root_mismatch`])
    const { result, codes } = await verified(log, org)
    expect(result.isValid).toBe(false)
    // Every MAC is right: only what was signed says that this is another history.
    expect(codes).toEqual(['- root_mismatch'])
  })

  test('an incarnation that nobody started by the ceremony', async () => {
    const { org } = await signedLog(database.open())
    await asSuperuser(`UPDATE audit.audit_logs SET incarnation = $2 WHERE organization_id = $1`, [
      org,
      uuidv7(),
    ])
    const { log, alerts } = reopened()
    expect(await reasonOf(append(log, org, input()))).toBe('UNAVAILABLE')
    expect(alerts).toEqual([`${org} genesis`])
  })

  test('a checkpoint store with a note that is not ours', async () => {
    const { org } = await signedLog(database.open())
    const store: CheckpointStore = {
      ...database.checkpointStore,
      newest: async (log) => {
        const note = await database.checkpointStore.newest(log)
        return note?.replace('\n10\n', '\n9\n')
      },
    }
    const { log, alerts } = reopened({ checkpointStore: store })
    expect(await reasonOf(append(log, org, input()))).toBe('UNAVAILABLE')
    expect(alerts).toEqual([`${org} checkpoint_signature`])
  })
})

/** Changes record 4 and everything after it so that every MAC is right again. */
async function rewrite(org: string, { incarnation }: OrganizationLog): Promise<void> {
  const key = createKeyring(singleEpoch(masterKey)).chainKey(org, incarnation, 'mac-1')
  if (!key) throw new Error('no key')
  const macOf = createRecordMac(key, org)
  const rows = await database.superuser.query<{ sequence_number: bigint; canonical: Buffer }>(
    'SELECT sequence_number, canonical FROM audit.audit_logs WHERE organization_id = $1 ORDER BY 1',
    [org],
  )
  let mac = genesisMac(key, org, incarnation)
  for (const { sequence_number: sequence, canonical } of rows) {
    const envelope = JSON.parse(String(canonical)) as { attrs: object }
    if (sequence === 4n) envelope.attrs = { document: 'another' }
    const bytes = Buffer.from(canonicalText(envelope))
    const leaf = leafHash(bytes)
    mac = macOf(sequence, mac, leaf)
    await asSuperuser(
      `UPDATE audit.audit_logs SET canonical = $3, leaf = $4, mac = $5
       WHERE organization_id = $1 AND sequence_number = $2`,
      [org, sequence, bytes, leaf, mac],
    )
  }
}

describe('the restore ceremony', () => {
  test('an old backup is noticed, and goes on only in a new incarnation that names the old one', async () => {
    await using own = await startAuditDatabase()
    const before = own.open()
    const org = uuidv7()
    const other = uuidv7()
    for (let count = 0; count < 5; count += 1) await append(before, org, input())
    await append(before, other, input())
    await before.checkpoints.signWaiting()
    const restore = await own.postgres.backUp()
    for (let count = 0; count < 5; count += 1) await append(before, org, input())
    await before.checkpoints.signWaiting()
    const { note, log: place } = await before.checkpoints.newest(org)
    await restore()

    // The same process goes on against the old data: its connections are new, and so is its doubt.
    expect(await reasonOf(append(before, org, input()))).toBe('UNAVAILABLE')
    expect(await reasonOf(append(before, other, input()))).toBe('OK')

    const operator = own.open()
    expect(await reasonOf(operator.restart(other))).toBe('CONFLICT')
    const { incarnation, predecessor } = await operator.restart(org)
    expect(predecessor).toMatchObject({ inc: place.incarnation, size: '11', kept: '6' })
    expect(await reasonOf(operator.restart(org))).toBe('CONFLICT')

    const after = own.open()
    const { receipt } = await append(after, org, input())
    expect(receipt).toMatchObject({ incarnation, sequence: 1n })
    await after.checkpoints.signWaiting()
    const newest = await after.checkpoints.newest(org)
    expect([newest.size, newest.log.incarnation, newest.divergence]).toEqual([
      2n,
      incarnation,
      undefined,
    ])
    expect((await verified(after, org)).result.isValid).toBe(true)
    // What was signed of the lost records stays.
    expect(await own.checkpointStore.newest(place)).toBe(note)
    expect(await deploymentEvents(own.checkpointStore, org)).toEqual([
      'log.diverged log_behind',
      'log.restarted',
    ])
  })
})
