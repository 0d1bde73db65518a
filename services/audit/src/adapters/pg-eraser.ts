import type { Database } from '@lexcustis/postgres'
import type { Eraser } from '../domain/erasure/ports.js'
import { int8Array } from './pg-array.js'
import { lockOf } from './pg-log-store.js'

const ERASE = `
  WITH erased AS (
    DELETE FROM audit.audit_content AS content
    USING unnest($3::int8[], $4::int8[]) AS listed (first, last)
    WHERE content.organization_id = $1
      AND content.incarnation = $2
      AND content.sequence_number BETWEEN listed.first AND listed.last
      AND ($5::text[] IS NULL OR content.field = ANY ($5))
    RETURNING 1
  )
  SELECT count(*) AS count FROM erased`

const FORGET = `DELETE FROM audit.audit_subject WHERE organization_id = $1 AND pid = $2`

const DELETE_KEY = `
  DELETE FROM audit.audit_subject_key AS key
  WHERE key.organization_id = $1 AND key.pid = $2
    AND NOT EXISTS (
      SELECT FROM audit.audit_content AS content
      WHERE content.organization_id = $1 AND content.pid = $2
    )`

const HAS_KEY = `
  SELECT 1 FROM audit.audit_subject_key WHERE organization_id = $1 AND pid = $2`

/** Deletes as lexcustis_audit_eraser, a role that may do nothing else. */
export function createPgEraser(db: Database): Eraser {
  return {
    eraseContent: async (organizationId, incarnation, ranges, fields) => {
      const values = [
        organizationId,
        incarnation,
        int8Array(ranges.map(({ first }) => first)),
        int8Array(ranges.map(({ last }) => last)),
        fields ?? null,
      ]
      const [row] = await db.tenant(organizationId, async (tx) =>
        tx.query<{ count: bigint }>(ERASE, values),
      )
      return row?.count ?? 0n
    },

    forgetSubject: async (organizationId, pid) => {
      await db.tenant(organizationId, async (tx) => {
        // Writers read the pseudonym under this lock and hold it until their records are committed. In
        // a statement of its own: the next one then sees what they wrote.
        await tx.query('SELECT pg_advisory_xact_lock($1)', [lockOf(organizationId)])
        await tx.query(FORGET, [organizationId, pid])
      })
    },

    deleteKey: async (organizationId, pid) =>
      db.tenant(organizationId, async (tx) => {
        await tx.query(DELETE_KEY, [organizationId, pid])
        return (await tx.query(HAS_KEY, [organizationId, pid])).length === 0
      }),
  }
}
