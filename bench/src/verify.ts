/**
 * Verified records per second, beside reading the same rows and hashing them in a bare loop, in turn
 * and in one run; and whether memory grows with the chain.
 *
 *   npm run bench:verify [records] [lengths of the chains of the memory table, with commas]
 */
import { uuidv7 } from '@lexcustis/core'
import { leafHash } from '@lexcustis/evidence'
import { openDatabase } from '@lexcustis/postgres'
import { type AuditLog, appendEnd, openLog, startAuditPostgres } from './audit.js'
import { median, printTable } from './table.js'

const RECORDS = Number(process.argv[2] ?? 50_000)
const LENGTHS = process.argv[3]?.split(',').map(Number)
const ROUNDS = 5
const PAGE = 512
const AT_ONCE = 1_024
const SIGN_EVERY_MS = 1_000

await using postgres = await startAuditPostgres()
await using log = await openLog(postgres)
await using database = openDatabase({ url: postgres.url('audit'), name: 'bench' })

async function fill(organizationId: string, records: number): Promise<void> {
  let left = records
  const user = uuidv7()
  const worker = async () => {
    while (left-- > 0) await appendEnd(log, organizationId, user)
  }
  // As the service does: a log whose records wait too long for a signature takes no more.
  const signing = setInterval(() => void log.checkpoints.signWaiting(), SIGN_EVERY_MS)
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  clearInterval(signing)
  await log.checkpoints.signWaiting()
}

/** The least a verifier has to do: read every row and hash it. */
async function readAndHash(organizationId: string): Promise<number> {
  let next = 0
  for (;;) {
    const rows = await database.tenant(organizationId, async (tx) =>
      tx.query<{ canonical: Buffer; leaf: Buffer }>(
        `SELECT sequence_number, canonical, leaf, mac FROM audit.audit_logs
         WHERE organization_id = $1 AND sequence_number >= $2 AND sequence_number < $3 ORDER BY sequence_number`,
        [organizationId, next, next + PAGE],
      ),
    )
    if (rows.length === 0) return next
    for (const { canonical, leaf } of rows) {
      if (!leafHash(canonical).equals(leaf)) throw new Error('a leaf does not match')
    }
    next += rows.length
  }
}

async function verify(auditLog: AuditLog, organizationId: string): Promise<number> {
  for await (const event of auditLog.verify(organizationId)) {
    if (event.kind !== 'result') continue
    if (!event.isValid) throw new Error('the chain is not valid')
    return Number(event.checked)
  }
  throw new Error('no result')
}

async function rate(work: () => Promise<number>): Promise<number> {
  const startedAt = performance.now()
  const records = await work()
  return records / ((performance.now() - startedAt) / 1000)
}

const organization = uuidv7()
await fill(organization, RECORDS)
const bare: number[] = []
const verified: number[] = []
const shares: number[] = []
for (let round = 0; round <= ROUNDS; round++) {
  const reference = await rate(async () => readAndHash(organization))
  const ours = await rate(async () => verify(log, organization))
  if (round === 0) continue // warm-up
  bare.push(reference)
  verified.push(ours)
  shares.push((ours / reference) * 100)
}
printTable(`Verification of ${RECORDS} records, records per second, medians of ${ROUNDS} rounds`, [
  ['', 'records/s'],
  ['read and hash', median(bare)],
  ['verify', median(verified)],
  ['share %', median(shares)],
])

const sizes = LENGTHS ?? [RECORDS / 10, RECORDS / 2, RECORDS].map(Math.floor)
const rows: (string | number)[][] = [['records', 'heap after collection, MB', 'resident, MB']]
for (const size of sizes) {
  const org = uuidv7()
  await fill(org, size)
  global.gc?.()
  await verify(log, org)
  global.gc?.()
  const { heapUsed, rss } = process.memoryUsage()
  rows.push([String(size), heapUsed / 1e6, rss / 1e6])
}
printTable('Memory after verifying a chain of this length', rows)
