import { type TenantContext, uuidv7 } from '@lexcustis/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  append,
  type AuditDatabase,
  input,
  person,
  startAuditDatabase,
  verified,
} from './audit-database.js'

// Flushes of a few records under load: the next is sealed while the one before is written, and what it
// was sealed after comes to pass, or does not.

let database: AuditDatabase

beforeAll(async () => {
  database = await startAuditDatabase()
})
afterAll(async () => database[Symbol.asyncDispose]())

const RECORDS = 300
const limits = { maxRows: 4 }

/** With content: its ciphertext is bound to the place that was foreseen. */
const answer = (n: number) => input({ content: [{ field: 'response', value: `answer ${n}` }] })

const someone = (n: number) => ({ ...person, subjectId: `0199c1d2-0000-7000-8000-00000000000${n}` })

test.each([1, 2])(
  '%i replicas: one chain, each record once, and content that opens',
  async (count) => {
    const org = uuidv7()
    const replicas = Array.from({ length: count }, () => database.open({ limits }))
    const inputs = Array.from({ length: RECORDS }, (_, n) => answer(n))
    const receipts = await Promise.all(
      inputs.map(async (each, n) => {
        const replica = replicas[n % count]
        if (!replica) throw new Error('no replica')
        const { receipt } = await append(replica, org, each, someone(n % 7))
        return receipt
      }),
    )
    const sequences = receipts.map(({ sequence }) => Number(sequence)).sort((a, b) => a - b)
    expect(sequences).toEqual(Array.from({ length: RECORDS }, (_, n) => n + 1))
    const [log] = replicas
    if (!log) throw new Error('no replica')
    expect(await verified(log, org)).toMatchObject({ codes: [], result: { isValid: true } })
    const tenant: TenantContext = {
      organizationId: org,
      userId: person.subjectId ?? '',
      userRole: 'owner',
      kind: 'user',
      via: 'jwt',
    }
    for (const n of [0, 1, 150, 298, 299]) {
      const items = await log.readContent(tenant, inputs[n]?.id ?? '')
      expect(items).toMatchObject([{ field: 'response', value: `answer ${n}` }])
    }
  },
)

test('an id in two flushes that are under way at once is written once', async () => {
  const org = uuidv7()
  const log = database.open({ limits })
  const inputs = Array.from({ length: 40 }, () => input())
  const twice = [...inputs, ...inputs, ...inputs]
  const all = await Promise.all(twice.map(async (each) => append(log, org, each)))
  expect(all.filter(({ isDuplicate }) => !isDuplicate)).toHaveLength(40)
  expect(new Set(all.map(({ receipt }) => receipt.sequence)).size).toBe(40)
  expect(await verified(log, org)).toMatchObject({ result: { isValid: true, checked: 41n } })
})
