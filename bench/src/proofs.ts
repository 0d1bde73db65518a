/**
 * Checkpoints and proofs of a long log: whether the signer keeps up with the writer, how long a
 * checkpoint takes after the last record, and how long an inclusion proof takes, beside one query for
 * one record by its primary key on the same PostgreSQL.
 *
 *   npm run bench:proofs [records]
 */
import { setTimeout as pause } from 'node:timers/promises'
import { uuidv7 } from '@lexcustis/core'
import { appendEnd, openLog, startAuditPostgres } from './audit.js'
import { median, printTable, quantile } from './table.js'

const RECORDS = Number(process.argv[2] ?? 1_000_000)
const AT_ONCE = 1_024
const SAMPLES = 500

await using postgres = await startAuditPostgres()
await using log = await openLog(postgres)

const org = uuidv7()
const user = uuidv7()
const seconds = (since: number) => (performance.now() - since) / 1_000

/** Appends, and signs once a second as the service does. */
async function fill(): Promise<{ readonly behind: readonly number[] }> {
  let left = RECORDS - 1
  let written = 1
  const behind: number[] = []
  const done = new AbortController()
  const signing = (async () => {
    while (!done.signal.aborted) {
      await log.checkpoints.signWaiting()
      const newest = await log.checkpoints.newest(org).catch(() => undefined)
      behind.push(written - Number(newest?.size ?? 0n))
      await pause(1_000)
    }
  })()
  const worker = async () => {
    while (left-- > 0) {
      await appendEnd(log, org, user)
      written += 1
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  done.abort()
  await signing
  return { behind }
}

const startedAt = performance.now()
const { behind } = await fill()
const filling = seconds(startedAt)
const caughtUpAt = performance.now()
await log.checkpoints.signWaiting()
const { size, log: place } = await log.checkpoints.newest(org)
printTable(`Appending and signing ${RECORDS} records at once`, [
  ['', ''],
  ['appends/s while the signer runs', RECORDS / filling],
  ['records not signed yet, right after a checkpoint, median', median(behind)],
  ['the same, worst', Math.max(...behind)],
  ['seconds from the last record to its checkpoint', seconds(caughtUpAt)],
  ['size of the last checkpoint', String(size)],
])

const proofs: number[] = []
const consistency: number[] = []
const lookups: number[] = []
for (let sample = 0; sample < SAMPLES; sample += 1) {
  const sequence = BigInt(Math.floor(Math.random() * RECORDS))
  const first = performance.now()
  await log.entries.get(org, { sequence })
  const second = performance.now()
  await log.checkpoints.proofs.inclusion(place, sequence, 0n)
  const third = performance.now()
  await log.checkpoints.proofs.consistency(place, sequence + 1n, 0n)
  lookups.push(second - first)
  proofs.push(third - second)
  consistency.push(performance.now() - third)
}
const row = (name: string, values: readonly number[]) => [
  name,
  median(values),
  quantile(values, 0.99),
]
printTable(`Proofs in a log of ${size} records, milliseconds, ${SAMPLES} random places`, [
  ['', 'p50', 'p99'],
  row('one record by primary key', lookups),
  row('inclusion proof, made and checked', proofs),
  row('consistency proof, made and checked', consistency),
])
