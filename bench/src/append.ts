/**
 * Durable appends per second, beside a bare batched INSERT of the same bytes: of the very rows that
 * the log wrote, into a table of the same shape, indexes and partitions, without policies and
 * triggers, on the same PostgreSQL; in turn and in one run.
 *
 *   npm run bench:append
 */
import { uuidv7 } from '@lexcustis/core'
import { openDatabase } from '@lexcustis/postgres'
import { appendEnd, createEnd, openLog, startAuditPostgres } from './audit.js'
import { createBareTable, insertBare, type LogRow, readLog } from './bare-insert.js'
import { median, printTable, quantile } from './table.js'

const ROUNDS = 5
/** Of one round: enough that opening a new log for the first time is no part of the figure. */
const ROWS = 32_768
/** Callers that wait for an answer, per organisation: a flush full and the next one. At most 4 096. */
const CALLERS = 512
const MAX_CALLERS = 4_096
const SINGLES = 1_000

await using postgres = await startAuditPostgres()
await using log = await openLog(postgres)
await using superuser = openDatabase({
  url: postgres.superuserUrl,
  name: 'bench',
  maxConnections: 16,
})
await createBareTable(superuser)

interface Round {
  readonly bare: number
  readonly ours: number
}

/** Neither of the two pays for what the other left behind. */
async function rate(rows: number, work: () => Promise<unknown>): Promise<number> {
  globalThis.gc?.()
  const startedAt = performance.now()
  await work()
  return rows / ((performance.now() - startedAt) / 1_000)
}

/** Texts in one piece, as they come out of a message; what `createEnd` joins is still in pieces. */
function receivedEnd(): ReturnType<typeof createEnd> {
  return JSON.parse(JSON.stringify(createEnd())) as ReturnType<typeof createEnd>
}

/** Requests are made before the clock starts, as the rows of the reference are. */
async function appendAll(organizations: readonly string[]): Promise<number> {
  const user = uuidv7()
  const ends = Array.from({ length: ROWS }, receivedEnd)
  const callers = Math.min(CALLERS * organizations.length, MAX_CALLERS)
  let next = 0
  const worker = async () => {
    for (let n = next++; n < ROWS; n = next++) {
      await appendEnd(log, organizations[n % organizations.length] ?? '', user, ends[n])
    }
  }
  return rate(ROWS, async () => Promise.all(Array.from({ length: callers }, worker)))
}

async function round(count: number): Promise<Round> {
  const organizations = Array.from({ length: count }, () => uuidv7())
  const ours = await appendAll(organizations)
  const written: [string, LogRow[]][] = []
  for (const org of organizations) written.push([org, await readLog(superuser, org)])
  const rows = written.reduce((sum, [, { length }]) => sum + length, 0)
  const bare = await rate(rows, async () =>
    Promise.all(written.map(async ([org, records]) => insertBare(superuser, org, records))),
  )
  return { bare, ours }
}

const table: (string | number)[][] = [
  ['organisations', 'bare INSERT rows/s', 'appends/s', 'share %'],
]
for (const count of [1, 16]) {
  await round(count) // warm-up
  const rounds: Round[] = []
  for (let n = 0; n < ROUNDS; n += 1) rounds.push(await round(count))
  table.push([
    String(count),
    median(rounds.map(({ bare }) => bare)),
    median(rounds.map(({ ours }) => ours)),
    median(rounds.map(({ bare, ours }) => (ours / bare) * 100)),
  ])
}
printTable(`Durable appends, medians of ${ROUNDS} rounds of ${ROWS}`, table)

const lone = uuidv7()
await appendEnd(log, lone, lone)
const singles: number[] = []
const commits: number[] = []
for (let n = 0; n < SINGLES; n += 1) {
  const startedAt = performance.now()
  await appendEnd(log, lone, lone)
  singles.push(performance.now() - startedAt)
  const rows = await readLog(superuser, lone, 1)
  const middle = performance.now()
  await insertBare(superuser, lone, rows)
  commits.push(performance.now() - middle)
}
printTable(
  `A single append on an otherwise idle system, milliseconds, ${SINGLES} of each in turn`,
  [
    ['', 'p50', 'p99'],
    ['append', median(singles), quantile(singles, 0.99)],
    ['bare INSERT and COMMIT', median(commits), quantile(commits, 0.99)],
    [
      'times the bare one',
      median(singles) / median(commits),
      quantile(singles, 0.99) / quantile(commits, 0.99),
    ],
  ],
)
