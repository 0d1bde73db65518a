import { AppError } from '@lexcustis/core'
import { type Database, isUniqueViolation } from '@lexcustis/postgres'
import type { ApprovalClaims, ContentScope, ErasureReader, Place } from '../domain/erasure/ports.js'
import { int8Array, uuidArray } from './pg-array.js'
import { createPgLogReader } from './pg-log-reader.js'

/** One step per log, however long each is: the next larger key of the index. */
const INCARNATIONS = `
  WITH RECURSIVE log (incarnation) AS (
    (
      SELECT incarnation FROM audit.audit_logs
      WHERE organization_id = $1 ORDER BY incarnation LIMIT 1
    )
    UNION ALL
    SELECT (
      SELECT next.incarnation FROM audit.audit_logs AS next
      WHERE next.organization_id = $1 AND next.incarnation > log.incarnation
      ORDER BY next.incarnation LIMIT 1
    )
    FROM log WHERE log.incarnation IS NOT NULL
  )
  SELECT incarnation FROM log WHERE incarnation IS NOT NULL ORDER BY incarnation`

/** $2 to $7: pid, fields, after (incarnation, sequence), before (incarnation, sequence). */
const IN_SCOPE = `
  content.organization_id = $1 AND content.pid = $2
  AND ($3::text[] IS NULL OR content.field = ANY ($3))
  AND ($4::uuid IS NULL OR (content.incarnation, content.sequence_number) > ($4, $5::int8))
  AND ($6::uuid IS NULL OR (content.incarnation, content.sequence_number) < ($6, $7::int8))`

const PLACES = `
  SELECT DISTINCT content.incarnation, content.sequence_number AS sequence
  FROM audit.audit_content AS content
  WHERE ${IN_SCOPE}
  ORDER BY content.incarnation, content.sequence_number LIMIT $8`

const COUNT = `
  SELECT count(DISTINCT (content.incarnation, content.sequence_number)) AS records,
    count(*) AS fields
  FROM audit.audit_content AS content
  WHERE ${IN_SCOPE}`

const WITH_CONTENT = `
  SELECT DISTINCT named.id
  FROM audit.audit_content AS content
  JOIN audit.audit_logs AS record
    ON record.organization_id = content.organization_id
    AND record.incarnation = content.incarnation
    AND record.sequence_number = content.sequence_number
  JOIN unnest($8::uuid[]) AS named (id) ON named.id IN (record.id, record.ref)
  WHERE ${IN_SCOPE}`

const CANONICALS = `
  SELECT record.canonical
  FROM unnest($3::int8[], $4::int8[]) AS listed (first, last)
  JOIN audit.audit_logs AS record
    ON record.organization_id = $1 AND record.incarnation = $2
    AND record.sequence_number BETWEEN listed.first AND listed.last`

function scopeValues(organizationId: string, scope: ContentScope): unknown[] {
  const { pid, fields, after, before } = scope
  return [
    organizationId,
    pid,
    fields ?? null,
    after?.incarnation ?? null,
    after?.sequence ?? null,
    before?.incarnation ?? null,
    before?.sequence ?? null,
  ]
}

/** Reads as lexcustis_audit. */
export function createPgErasureReader(db: Database): ErasureReader {
  const rowsOf = async <R extends object>(
    organizationId: string,
    sql: string,
    values: readonly unknown[],
  ): Promise<R[]> => db.tenant(organizationId, async (tx) => tx.query<R>(sql, values))

  const placesOf = async (organizationId: string, scope: ContentScope, limit: number) =>
    rowsOf<Place>(organizationId, PLACES, [...scopeValues(organizationId, scope), limit])

  return {
    ...createPgLogReader(db),

    incarnations: async (organizationId) => {
      const values = [organizationId]
      const rows = await rowsOf<{ incarnation: string }>(organizationId, INCARNATIONS, values)
      return rows.map(({ incarnation }) => incarnation)
    },

    pidOf: async (organizationId, subjectId) => {
      const sql = `SELECT pid FROM audit.audit_subject WHERE organization_id = $1 AND subject_id = $2`
      const [row] = await rowsOf<{ pid: string }>(organizationId, sql, [organizationId, subjectId])
      return row?.pid
    },

    subjectOf: async (organizationId, pid) => {
      const sql = `SELECT subject_id AS id FROM audit.audit_subject
        WHERE organization_id = $1 AND pid = $2`
      const [row] = await rowsOf<{ id: string }>(organizationId, sql, [organizationId, pid])
      return row?.id
    },

    contentPlaces: placesOf,

    countContent: async (organizationId, scope) => {
      const values = scopeValues(organizationId, scope)
      const [count] = await rowsOf<{ records: bigint; fields: bigint }>(
        organizationId,
        COUNT,
        values,
      )
      const [oldest] = await placesOf(organizationId, scope, 1)
      return { records: count?.records ?? 0n, fields: count?.fields ?? 0n, oldest }
    },

    refsOf: async (organizationId, ids) => {
      const sql = `SELECT id, ref FROM audit.audit_logs
        WHERE organization_id = $1 AND id = ANY ($2::uuid[]) AND ref IS NOT NULL`
      const values = [organizationId, uuidArray(ids)]
      const rows = await rowsOf<{ id: string; ref: string }>(organizationId, sql, values)
      return new Map(rows.map(({ id, ref }) => [id, ref]))
    },

    withContent: async (organizationId, scope, ids) => {
      const values = [...scopeValues(organizationId, scope), uuidArray(ids)]
      const rows = await rowsOf<{ id: string }>(organizationId, WITH_CONTENT, values)
      return rows.map(({ id }) => id)
    },

    canonicals: async (organizationId, incarnation, ranges) => {
      const rows = await rowsOf<{ canonical: Buffer }>(organizationId, CANONICALS, [
        organizationId,
        incarnation,
        int8Array(ranges.map(({ first }) => first)),
        int8Array(ranges.map(({ last }) => last)),
      ])
      return rows.map(({ canonical }) => canonical)
    },
  }
}

/** Inserts as lexcustis_audit into a table that nobody may change afterwards. */
export function createPgApprovalClaims(db: Database): ApprovalClaims {
  const find: ApprovalClaims['find'] = async (organizationId, approvedBy) => {
    const sql = `SELECT request_id AS id FROM audit.audit_erasure
      WHERE organization_id = $1 AND approved_by = $2`
    const [row] = await db.tenant(organizationId, async (tx) =>
      tx.query<{ id: string }>(sql, [organizationId, approvedBy]),
    )
    return row?.id
  }
  return {
    find,
    take: async (organizationId, approvedBy, requestId) => {
      const sql = `INSERT INTO audit.audit_erasure (organization_id, approved_by, request_id)
        VALUES ($1, $2, $3)`
      try {
        await db.tenant(organizationId, async (tx) =>
          tx.query(sql, [organizationId, approvedBy, requestId]),
        )
      } catch (error) {
        if (!isUniqueViolation(error)) throw error
        if ((await find(organizationId, approvedBy)) === requestId) return
        throw new AppError('CONFLICT', 'this approval was used before, or this request has another')
      }
    },
  }
}
