import { uuidv7 } from '@lexcustis/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DivergedError } from '../../src/domain/signing/divergence.js'
import { append, type AuditDatabase, input, startAuditDatabase } from '../audit-database.js'
import { createCalls } from './calls.js'
import { startFaultyDatabase } from './faulty-database.js'
import { BEFORE } from './keys.js'
import { openReplica } from './settings.js'

let database: AuditDatabase

beforeAll(async () => {
  database = await startAuditDatabase()
})
afterAll(async () => database[Symbol.asyncDispose]())

test('a signer that finds the log cut back says so, and the log is read-only at once', async () => {
  const found: string[] = []
  await using log = openReplica(database, BEFORE, {
    onDiverged: (_, { code }) => found.push(code),
  })
  const org = uuidv7()
  await append(log, org, input())
  const { receipt } = await append(log, org, input())
  await log.checkpoints.signWaiting()
  await database.superuser.transaction(async (tx) => {
    await tx.query('SET LOCAL session_replication_role = replica')
    await tx.query(
      'DELETE FROM audit.audit_logs WHERE organization_id = $1 AND sequence_number = $2',
      [org, receipt.sequence],
    )
  })
  await expect(log.checkpoints.sign(receipt)).rejects.toThrow(DivergedError)
  log.checkpoints.appended(receipt, receipt.sequence + 1n)
  await log.checkpoints.signWaiting()
  expect(found).toEqual(['log_behind'])
  await expect(append(log, org, input())).rejects.toMatchObject({ reason: 'UNAVAILABLE' })
})

test('a transaction that could not begin is no evidence against the log', async () => {
  let isRefusing = false
  const calls = createCalls((name) =>
    isRefusing && name.startsWith('BEGIN; SET LOCAL') ? 'refused' : undefined,
  )
  await using faulty = await startFaultyDatabase(database.postgres.url('audit'), calls)
  const found: string[] = []
  await using log = openReplica(database, BEFORE, {
    databaseUrl: faulty.url,
    onDiverged: (_, { code }) => found.push(code),
  })
  const { receipt } = await append(log, uuidv7(), input())
  await log.checkpoints.signWaiting()
  isRefusing = true
  const noSpace = { reason: 'UNAVAILABLE', message: 'the database has no space left' }
  await expect(log.checkpoints.sign(receipt)).rejects.toMatchObject(noSpace)
  await expect(log.checkpoints.proofs.consistency(receipt, 1n, 0n)).rejects.toMatchObject(noSpace)
  await expect(log.checkpoints.proofs.inclusion(receipt, 0n, 0n)).rejects.toMatchObject(noSpace)
  expect(calls.struck.length).toBeGreaterThanOrEqual(3)
  isRefusing = false
  await expect(log.checkpoints.sign(receipt)).resolves.toMatchObject({ size: 2n })
  expect(found).toEqual([])
})
