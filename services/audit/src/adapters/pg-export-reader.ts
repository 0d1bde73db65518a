import type { Database } from '@lexcustis/postgres'
import type { OrganizationLog } from '../domain/checkpoint-store.js'
import type { ExportReader } from '../domain/export/ports.js'
import type { SealedBytes, StoredContent } from '../domain/ports.js'
import { createPgLogReader } from './pg-log-reader.js'

const SEALED = `SELECT sequence_number AS sequence, canonical, mac FROM audit.audit_logs
  WHERE organization_id = $1 AND incarnation = $2`

/** As the index on rare types has it; without this condition the planner cannot use it. */
const RARE = `type NOT IN ('chat.started', 'chat.completed')`

const CONTENTS = `
  SELECT content.sequence_number AS sequence, content.field, content.pid, content.salt,
    content.nonce, content.ciphertext, key.kid, key.wrapped_key
  FROM audit.audit_content AS content
  LEFT JOIN audit.audit_subject_key AS key
    ON key.organization_id = content.organization_id AND key.pid = content.pid
  WHERE content.organization_id = $1 AND content.incarnation = $2
    AND content.sequence_number >= $3 AND content.sequence_number < $4`

interface ContentRow extends Omit<StoredContent, 'key'> {
  readonly kid: string | null
  readonly wrapped_key: Buffer | null
}

/** Reads as lexcustis_audit: each page is a transaction of its own, so that nothing is held open. */
export function createPgExportReader(db: Database): ExportReader {
  const rowsOf = async <R extends object>(
    { organizationId, incarnation }: OrganizationLog,
    sql: string,
    values: readonly unknown[] = [],
  ): Promise<R[]> =>
    db.tenant(organizationId, async (tx) =>
      tx.query<R>(sql, [organizationId, incarnation, ...values]),
    )
  const reader = createPgLogReader(db)
  return {
    head: async (organizationId) => reader.head(organizationId),

    records: async (log, from, to, limit) => {
      const sql = `${SEALED} AND sequence_number >= $3 AND sequence_number < $4
        ORDER BY sequence_number LIMIT $5`
      return rowsOf<SealedBytes>(log, sql, [from, to, limit])
    },

    firstFrom: async (log, sequence) => {
      const sql = `SELECT sequence_number AS sequence, recorded_at AS "recordedAt"
        FROM audit.audit_logs
        WHERE organization_id = $1 AND incarnation = $2 AND sequence_number >= $3
        ORDER BY sequence_number LIMIT 1`
      const [row] = await rowsOf<{ sequence: bigint; recordedAt: string }>(log, sql, [sequence])
      return row
    },

    keyRecords: async (log, below) => {
      const sql = `${SEALED} AND ${RARE} AND type IN ('chain.genesis', 'key.announced')
        AND sequence_number < $3 ORDER BY sequence_number`
      return rowsOf<SealedBytes>(log, sql, [below])
    },

    erasing: async (log, from, limit) => {
      const sql = `${SEALED} AND ${RARE} AND type IN ('subject.erased', 'content.expired')
        AND sequence_number >= $3 ORDER BY sequence_number LIMIT $4`
      return rowsOf<SealedBytes>(log, sql, [from, limit])
    },

    contentSizes: async (log, from, to) => {
      const sql = `SELECT sequence_number AS sequence, sum(octet_length(ciphertext))::int8 AS bytes
        FROM audit.audit_content
        WHERE organization_id = $1 AND incarnation = $2
          AND sequence_number >= $3 AND sequence_number < $4
        GROUP BY sequence_number ORDER BY sequence_number`
      const rows = await rowsOf<{ sequence: bigint; bytes: bigint }>(log, sql, [from, to])
      return rows.map(({ sequence, bytes }) => ({ sequence, sizeBytes: Number(bytes) }))
    },

    contents: async (log, from, to) => {
      const rows = await rowsOf<ContentRow>(log, CONTENTS, [from, to])
      return rows.map(({ kid, wrapped_key: bytes, ...row }) => ({
        ...row,
        key: kid !== null && bytes !== null ? { kid, bytes } : undefined,
      }))
    },

    minimumIndex: async (log) => {
      const sql = `SELECT max(minimum_index) AS minimum FROM audit.audit_pruning
        WHERE organization_id = $1 AND incarnation = $2`
      const [row] = await rowsOf<{ minimum: bigint | null }>(log, sql)
      return row?.minimum ?? 0n
    },
  }
}
