/**
 * Durable appends per second, beside a bare batched INSERT of rows of the same bytes into a table of
 * the same shape on the same PostgreSQL, in turn and in one run.
 *
 *   npm run bench:append
 */
import { randomBytes } from 'node:crypto'
import { uuidv7 } from '@lexcustis/core'
import { openDatabase } from '@lexcustis/postgres'
import { appendEnd, openLog, startAuditPostgres } from './audit.js'
import { median, printTable } from './table.js'

const ROUNDS = 5
const ROWS = 8_192
const BATCH = 256
const AT_ONCE = 1_024

await using postgres = await startAuditPostgres()
await using log = await openLog(postgres)
await using superuser = openDatabase({
  url: postgres.superuserUrl,
  name: 'bench',
  maxConnections: 16,
})

await superuser.query(`
  CREATE TABLE bare (
    organization_id uuid, incarnation uuid, sequence_number bigint, id uuid, canonical bytea, leaf bytea, mac bytea,
    PRIMARY KEY (organization_id, incarnation, sequence_number), UNIQUE (organization_id, id)
  ) PARTITION BY HASH (organization_id)`)
for (let n = 0; n < 16; n++) {
  await superuser.query(
    `CREATE TABLE bare_${n} PARTITION OF bare FOR VALUES WITH (MODULUS 16, REMAINDER ${n})`,
  )
}

/** Size of the canonical bytes that the log stores for one append. */
async function canonicalBytes(): Promise<number> {
  const org = uuidv7()
  await appendEnd(log, org, uuidv7())
  const [row] = await superuser.query<{ size: number }>(
    'SELECT octet_length(canonical) AS size FROM audit.audit_logs WHERE organization_id = $1 AND sequence_number = 1',
    [org],
  )
  return row?.size ?? 0
}

const size = await canonicalBytes()

async function insertBare(organizationId: string, rows: number): Promise<void> {
  const incarnation = uuidv7()
  for (let first = 0; first < rows; first += BATCH) {
    const count = Math.min(BATCH, rows - first)
    const each = <T>(make: (n: number) => T) => Array.from({ length: count }, (_, n) => make(n))
    await superuser.query(
      `INSERT INTO bare (organization_id, incarnation, sequence_number, id, canonical, leaf, mac)
       SELECT $1::uuid, $2::uuid, r.s, r.i, r.c, r.l, r.m
       FROM unnest($3::int8[], $4::uuid[], $5::bytea[], $6::bytea[], $7::bytea[]) AS r (s, i, c, l, m)`,
      [
        organizationId,
        incarnation,
        each((n) => first + n),
        each(() => uuidv7()),
        each(() => randomBytes(size)),
        each(() => randomBytes(32)),
        each(() => randomBytes(32)),
      ],
    )
  }
}

async function appendAll(organizations: readonly string[], rows: number): Promise<void> {
  let left = rows
  const user = uuidv7()
  const worker = async (n: number) => {
    while (left-- > 0) await appendEnd(log, organizations[n % organizations.length] ?? '', user)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, async (_, n) => worker(n)))
}

async function rate(rows: number, work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return rows / ((performance.now() - startedAt) / 1000)
}

const table: (string | number)[][] = [
  ['organisations', 'bare INSERT rows/s', 'appends/s', 'share %'],
]
for (const count of [1, 16]) {
  const organizations = Array.from({ length: count }, () => uuidv7())
  const bare: number[] = []
  const ours: number[] = []
  const shares: number[] = []
  for (let round = 0; round <= ROUNDS; round++) {
    const reference = await rate(ROWS, async () =>
      Promise.all(organizations.map(async (org) => insertBare(org, ROWS / count))),
    )
    const appended = await rate(ROWS, async () => appendAll(organizations, ROWS))
    if (round === 0) continue // warm-up
    bare.push(reference)
    ours.push(appended)
    shares.push((appended / reference) * 100)
  }
  table.push([String(count), median(bare), median(ours), median(shares)])
}
printTable(`Durable appends, ${size} canonical bytes a record, medians of ${ROUNDS} rounds`, table)

const singles: number[] = []
const commits: number[] = []
const lone = uuidv7()
for (let n = 0; n < 300; n++) {
  const startedAt = performance.now()
  await appendEnd(log, lone, lone)
  const middle = performance.now()
  await insertBare(uuidv7(), 1)
  singles.push(middle - startedAt)
  commits.push(performance.now() - middle)
}
const p99 = (values: number[]) =>
  values.sort((a, b) => a - b)[Math.floor(values.length * 0.99)] ?? 0
printTable('A single append on an otherwise idle system, milliseconds', [
  ['', 'p50', 'p99'],
  ['append', median(singles), p99(singles)],
  ['bare INSERT and COMMIT', median(commits), p99(commits)],
])
