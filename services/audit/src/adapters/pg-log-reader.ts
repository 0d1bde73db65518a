import type { Database } from '@lexcustis/postgres'
import type { StoredRecord } from '@lexcustis/evidence'
import type { LogEntry, LogReader, OverdueStarts, StoredContent } from '../domain/ports.js'

const STORED = `sequence_number, id, type, ref,
  occurred_at, recorded_at, ends_by, canonical, leaf, mac`
const COLUMNS = `incarnation, ${STORED}`

interface EntryRow {
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

function toStored(row: EntryRow): StoredRecord {
  return {
    sequence: row.sequence_number,
    canonical: row.canonical,
    leaf: row.leaf,
    mac: row.mac,
    projection: {
      id: row.id,
      type: row.type,
      ref: row.ref ?? undefined,
      occurredAt: row.occurred_at,
      recordedAt: row.recorded_at,
      endsBy: row.ends_by ?? undefined,
    },
  }
}

function toEntry(row: EntryRow): LogEntry {
  return { ...toStored(row), incarnation: row.incarnation }
}

/** Reads the log as lexcustis_audit. Every statement names the organisation besides its policy. */
export function createPgLogReader(db: Database): LogReader {
  const rowsOf = async <R extends object>(
    organizationId: string,
    sql: string,
    values: readonly unknown[],
  ): Promise<R[]> =>
    db.tenant(organizationId, async (tx) => tx.query<R>(sql, [organizationId, ...values]))

  return {
    head: async (organizationId) => {
      const sql = `SELECT incarnation, sequence_number, mac, recorded_at FROM audit.audit_logs
        WHERE organization_id = $1 ORDER BY incarnation DESC, sequence_number DESC LIMIT 1`
      const [row] = await rowsOf<EntryRow>(organizationId, sql, [])
      if (!row) return undefined
      const { incarnation, sequence_number: sequence, mac, recorded_at: recordedAt } = row
      return { incarnation, sequence, mac, recordedAt }
    },

    byId: async (organizationId, id) => {
      const sql = `SELECT ${COLUMNS} FROM audit.audit_logs WHERE organization_id = $1 AND id = $2`
      const [row] = await rowsOf<EntryRow>(organizationId, sql, [id])
      return row && toEntry(row)
    },

    bySequence: async (organizationId, incarnation, sequence) => {
      const sql = `SELECT ${COLUMNS} FROM audit.audit_logs
        WHERE organization_id = $1 AND incarnation = $2 AND sequence_number = $3`
      const [row] = await rowsOf<EntryRow>(organizationId, sql, [incarnation, sequence])
      return row && toEntry(row)
    },

    list: async (organizationId, { incarnation, after }, { type, ref }, limit) => {
      const values: unknown[] = [incarnation, after, limit]
      // Conditions are written only when asked for: a type the planner knows can use its own index.
      const conditions = [
        ...(type === undefined ? [] : [`AND type = $${values.push(type) + 1}`]),
        ...(ref === undefined ? [] : [`AND ref = $${values.push(ref) + 1}`]),
      ]
      const sql = `SELECT ${COLUMNS} FROM audit.audit_logs
        WHERE organization_id = $1 AND incarnation = $2 AND sequence_number > $3
        ${conditions.join(' ')} ORDER BY sequence_number LIMIT $4`
      return (await rowsOf<EntryRow>(organizationId, sql, values)).map(toEntry)
    },

    window: async (organizationId, incarnation, from, to) => {
      const sql = `SELECT ${STORED} FROM audit.audit_logs
        WHERE organization_id = $1 AND incarnation = $2
          AND sequence_number >= $3 AND sequence_number < $4
        ORDER BY sequence_number`
      return (await rowsOf<EntryRow>(organizationId, sql, [incarnation, from, to])).map(toStored)
    },

    unfinishedStarts: async (organizationId, incarnation, { after, below }, limit) => {
      const sql = `SELECT started.sequence_number AS sequence,
          greatest(started.ends_by, started.recorded_at) AS due
        FROM audit.audit_logs AS started
        WHERE started.organization_id = $1 AND started.incarnation = $2
          AND started.sequence_number > $3 AND started.sequence_number < $4
          AND started.type = 'chat.started'
          AND NOT EXISTS (
            SELECT FROM audit.audit_logs AS ended
            WHERE ended.organization_id = $1 AND ended.ref = started.id
              AND ended.type IN ('chat.completed', 'chat.blocked', 'chat.aborted')
          )
        ORDER BY started.sequence_number LIMIT $5`
      return rowsOf(organizationId, sql, [incarnation, after, below, limit])
    },

    contents: async (organizationId, incarnation, sequence) => {
      const sql = `SELECT content.field, content.pid, content.salt, content.nonce, content.ciphertext,
          key.kid, key.wrapped_key
        FROM audit.audit_content AS content
        LEFT JOIN audit.audit_subject_key AS key
          ON key.organization_id = content.organization_id AND key.pid = content.pid
        WHERE content.organization_id = $1 AND content.incarnation = $2
          AND content.sequence_number = $3`
      const rows = await rowsOf<ContentEntryRow>(organizationId, sql, [incarnation, sequence])
      return rows.map((row) => toContent(sequence, row))
    },
  }
}

interface ContentEntryRow {
  readonly field: string
  readonly pid: string
  readonly salt: Buffer
  readonly nonce: Buffer
  readonly ciphertext: Buffer
  readonly kid: string | null
  readonly wrapped_key: Buffer | null
}

function toContent(
  sequence: bigint,
  { kid, wrapped_key: bytes, ...row }: ContentEntryRow,
): StoredContent {
  return { ...row, sequence, key: kid !== null && bytes !== null ? { kid, bytes } : undefined }
}

/** Asks the one function that sees starts of all organisations, and only their ids. */
export function createPgOverdueStarts(db: Database): OverdueStarts {
  return {
    find: async (dueAfter, dueBefore, atMost) => {
      const rows = await db.query<{ organization_id: string; id: string }>(
        'SELECT organization_id, id FROM audit.overdue_starts($1, $2, $3)',
        [dueAfter, dueBefore, atMost],
      )
      return rows.map(({ organization_id: organizationId, id }) => ({ organizationId, id }))
    },
  }
}
