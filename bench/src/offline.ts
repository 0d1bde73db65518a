/**
 * Offline verification of an export, records per second, beside a bare loop that hashes the bytes of
 * the same records from memory, and beside one that also reads and decodes the same file; in one run.
 *
 *   npm run bench:offline [records]
 */
import { createReadStream, createWriteStream, mkdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { leafHash, openBundle, verifyBundle } from '@lexcustis/evidence'
import { uuidv7 } from '@lexcustis/core'
import { appendEnd, exportTo, openLog, startAuditPostgres } from './audit.js'
import { median, printTable } from './table.js'

const RECORDS = Number(process.argv[2] ?? 100_000)
const ROUNDS = 3
const AT_ONCE = 1_024

await using postgres = await startAuditPostgres()
await using log = await openLog(postgres)
const folder = await mkdtemp(join(tmpdir(), 'lexcustis-bench-export-'))
const org = uuidv7()
let left = RECORDS
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    while (left-- > 0) await appendEnd(log, org, org)
  }),
)
await log.checkpoints.signWaiting()

async function exportBundle(): Promise<void> {
  let open: { path: string; stream: ReturnType<typeof createWriteStream> } | undefined
  const close = async () => {
    open?.stream.end()
    if (open) await once(open.stream, 'finish')
  }
  for await (const { member, data } of exportTo(log, org)) {
    const path = join(folder, member)
    if (open?.path !== path) {
      await close()
      mkdirSync(dirname(path), { recursive: true })
      open = { path, stream: createWriteStream(path) }
    }
    if (!open.stream.write(data)) await once(open.stream, 'drain')
  }
  await close()
}

const rate = (records: number, since: number) => records / ((performance.now() - since) / 1_000)

async function readLines(use: (canonical: Buffer) => unknown): Promise<number> {
  let records = 0
  const lines = createInterface({ input: createReadStream(join(folder, 'records.jsonl')) })
  for await (const line of lines) {
    use(Buffer.from((JSON.parse(line) as { canonical: string }).canonical, 'base64'))
    records += 1
  }
  return records
}

const exportingSince = performance.now()
await exportBundle()
const exported = rate(RECORDS, exportingSince)
const sample: Buffer[] = []
await readLines((canonical) => {
  if (sample.length < 10_000) sample.push(canonical)
})
const keys = await log.checkpoints.vkeys(org)

const [hashing, reading, verifying]: [number[], number[], number[]] = [[], [], []]
let peakMb = 0
for (let round = 0; round < ROUNDS; round += 1) {
  const hashingSince = performance.now()
  for (let n = 0; n < RECORDS; n += 1) leafHash(sample[n % sample.length] as Buffer)
  hashing.push(rate(RECORDS, hashingSince))
  const readingSince = performance.now()
  reading.push(rate(await readLines(leafHash), readingSince))
  const verifyingSince = performance.now()
  const report = await verifyBundle(() => openBundle(folder), { keys })
  verifying.push(rate(RECORDS, verifyingSince))
  if (report.exit !== 0) throw new Error('the export is not valid')
  peakMb = Math.max(peakMb, process.memoryUsage().rss / 1e6)
}
printTable(`Offline verification of ${RECORDS} records, medians of ${ROUNDS} rounds`, [
  ['', 'records/s'],
  ['SHA-256 of the records in memory', median(hashing)],
  ['reading the file, decoding, SHA-256', median(reading)],
  ['lexcustis-verify', median(verifying)],
  ['export, for comparison', exported],
  ['resident MB after verifying, export included', peakMb],
])
await rm(folder, { recursive: true, force: true })
