import type { Database } from '@lexcustis/postgres'
import { pgArray } from './audit.js'

/** A row of audit.audit_logs, without the organisation. */
export interface LogRow {
  readonly incarnation: string
  readonly sequence_number: bigint
  readonly id: string
  readonly type: string
  readonly ref: string | null
  readonly occurred_at: string
  readonly recorded_at: string
  readonly ends_by: string | null
  readonly canonical: Buffer
  readonly leaf: Buffer
  readonly mac: Buffer
}

const COLUMNS = `incarnation, sequence_number, id, type, ref,
  occurred_at, recorded_at, ends_by, canonical, leaf, mac`

const BATCH = 256

/**
 * A table of the log's shape: its columns, constraints, indexes and partitions, and neither its
 * policies nor its triggers.
 */
export async function createBareTable(superuser: Database): Promise<void> {
  await superuser.query(
    'CREATE TABLE bare (LIKE audit.audit_logs INCLUDING ALL) PARTITION BY HASH (organization_id)',
  )
  for (let n = 0; n < 16; n += 1) {
    const values = `FOR VALUES WITH (MODULUS 16, REMAINDER ${n})`
    await superuser.query(`CREATE TABLE bare_${n} PARTITION OF bare ${values}`)
  }
}

/** What the log wrote for an organisation, or the newest of it, to be written once more. */
export async function readLog(
  superuser: Database,
  organizationId: string,
  limit = 1_000_000,
): Promise<LogRow[]> {
  const rows = await superuser.query<LogRow>(
    `SELECT ${COLUMNS} FROM audit.audit_logs WHERE organization_id = $1
     ORDER BY incarnation DESC, sequence_number DESC LIMIT $2`,
    [organizationId, limit],
  )
  return rows.reverse()
}

/** Writes the rows, 256 a statement, one statement a transaction, each after the one before. */
export async function insertBare(
  superuser: Database,
  organizationId: string,
  rows: readonly LogRow[],
): Promise<void> {
  for (let first = 0; first < rows.length; first += BATCH) {
    await insertBatch(superuser, organizationId, rows.slice(first, first + BATCH))
  }
}

/**
 * Binary arrays under a prepared statement: of what the driver can do the fastest by far. 256 rows of
 * VALUES take 3 072 parameters, which cost more than the INSERT.
 */
async function insertBatch(
  superuser: Database,
  organizationId: string,
  rows: readonly LogRow[],
): Promise<void> {
  const { byteaArray, int8Array, textArray, uuidArray } = pgArray
  await superuser.pool.query({
    name: 'bare-insert',
    text: `INSERT INTO bare (organization_id, ${COLUMNS})
      SELECT $1::uuid, row.* FROM unnest(
        $2::uuid[], $3::int8[], $4::uuid[], $5::text[], $6::uuid[],
        $7::text[], $8::text[], $9::text[], $10::bytea[], $11::bytea[], $12::bytea[]
      ) AS row`,
    values: [
      organizationId,
      uuidArray(rows.map(({ incarnation }) => incarnation)),
      int8Array(rows.map(({ sequence_number: sequence }) => sequence)),
      uuidArray(rows.map(({ id }) => id)),
      textArray(rows.map(({ type }) => type)),
      uuidArray(rows.map(({ ref }) => ref ?? undefined)),
      textArray(rows.map((row) => row.occurred_at)),
      textArray(rows.map((row) => row.recorded_at)),
      textArray(rows.map((row) => row.ends_by ?? undefined)),
      byteaArray(rows.map(({ canonical }) => canonical)),
      byteaArray(rows.map(({ leaf }) => leaf)),
      byteaArray(rows.map(({ mac }) => mac)),
    ],
  })
}
