import type { Database } from '@lexcustis/postgres'
import type { Place } from '../domain/erasure/ports.js'
import type {
  Below,
  ContentFound,
  Pruning,
  RetainedOrganizations,
  RetentionReader,
} from '../domain/retention/ports.js'
import { int8Array, uuidArray } from './pg-array.js'
import { createPgErasureReader } from './pg-erasure-reader.js'
import { createPgLogReader } from './pg-log-reader.js'

const POLICY = `
  SELECT content_days, record_days, approved_by FROM audit.audit_retention_policy
  WHERE organization_id = $1 ORDER BY number DESC LIMIT 1`

const FIRST_FROM = `
  SELECT sequence_number AS sequence, recorded_at AS "recordedAt" FROM audit.audit_logs
  WHERE organization_id = $1 AND incarnation = $2 AND sequence_number >= $3
  ORDER BY sequence_number LIMIT 1`

const WITH_CONTENT = `
  SELECT DISTINCT sequence_number AS sequence FROM audit.audit_content
  WHERE organization_id = $1 AND incarnation = $2
    AND sequence_number < $3 AND sequence_number > $4
  ORDER BY sequence_number LIMIT $5`

const COUNT_CONTENT = `
  SELECT count(DISTINCT sequence_number) AS records, count(*) AS fields
  FROM audit.audit_content
  WHERE organization_id = $1 AND incarnation = $2 AND sequence_number < $3
    AND sequence_number <> ALL ($4::int8[])`

const PLACES = `
  SELECT incarnation, sequence_number AS sequence FROM audit.audit_logs
  WHERE organization_id = $1 AND id = ANY ($2::uuid[])
  UNION
  SELECT incarnation, sequence_number FROM audit.audit_logs
  WHERE organization_id = $1 AND ref = ANY ($2::uuid[])
    AND type IN ('chat.completed', 'chat.blocked', 'chat.aborted')
  UNION
  SELECT incarnation, sequence_number FROM audit.audit_logs
  WHERE organization_id = $1 AND ref = ANY ($2::uuid[])
    AND type NOT IN ('chat.completed', 'chat.blocked', 'chat.aborted')
  ORDER BY incarnation, sequence`

const PRUNING = `
  SELECT minimum_index, kept_records, previous_mac, record_id, note FROM audit.audit_pruning
  WHERE organization_id = $1 AND incarnation = $2 ORDER BY minimum_index DESC LIMIT 1`

const COUNT_RECORDS = `
  SELECT count(*) FILTER (WHERE NOT audit.is_kept(type, ref)) AS prunable,
    count(*) FILTER (WHERE audit.is_kept(type, ref)) AS kept
  FROM audit.audit_logs
  WHERE organization_id = $1 AND incarnation = $2 AND sequence_number < $3`

const LEAF_TILE = `
  SELECT hashes FROM audit.audit_tiles
  WHERE organization_id = $1 AND incarnation = $2 AND level = 0 AND tile_index = $3`

/** Reads as lexcustis_audit. Every statement names the organisation besides its policy. */
export function createPgRetentionReader(db: Database): RetentionReader {
  const rowsOf = async <R extends object>(
    organizationId: string,
    sql: string,
    values: readonly unknown[] = [],
  ): Promise<R[]> =>
    db.tenant(organizationId, async (tx) => tx.query<R>(sql, [organizationId, ...values]))

  return {
    ...createPgErasureReader(db),
    ...createPgLogReader(db),

    policy: async (organizationId) => {
      const [row] = await rowsOf<PolicyRow>(organizationId, POLICY)
      return (
        row && {
          contentDays: row.content_days ?? undefined,
          recordDays: row.record_days ?? undefined,
          approvedBy: row.approved_by,
        }
      )
    },

    firstFrom: async (organizationId, incarnation, sequence) => {
      const values = [incarnation, sequence]
      const [row] = await rowsOf<{ sequence: bigint; recordedAt: string }>(
        organizationId,
        FIRST_FROM,
        values,
      )
      return row
    },

    withContent: async ({ organizationId, incarnation, below }, after, limit) => {
      const values = [incarnation, below, after, limit]
      const rows = await rowsOf<{ sequence: bigint }>(organizationId, WITH_CONTENT, values)
      return rows.map(({ sequence }) => sequence)
    },

    countContent: async ({ organizationId, incarnation, below, except = [] }) => {
      const values = [incarnation, below, int8Array(except)]
      const [row] = await rowsOf<ContentFound>(organizationId, COUNT_CONTENT, values)
      return row ?? { records: 0n, fields: 0n }
    },

    placesOf: async (organizationId, ids) =>
      rowsOf<Place>(organizationId, PLACES, [uuidArray(ids)]),

    pruning: async (organizationId, incarnation) => {
      const [row] = await rowsOf<PruningRow>(organizationId, PRUNING, [incarnation])
      return row && toPruning(row)
    },

    countRecords: async ({ organizationId, incarnation, below }: Below) => {
      const values = [incarnation, below]
      const [row] = await rowsOf<{ prunable: bigint; kept: bigint }>(
        organizationId,
        COUNT_RECORDS,
        values,
      )
      return row ?? { prunable: 0n, kept: 0n }
    },

    leafTile: async (organizationId, incarnation, index) => {
      const values = [incarnation, index]
      const [row] = await rowsOf<{ hashes: Buffer }>(organizationId, LEAF_TILE, values)
      return row?.hashes
    },
  }
}

interface PolicyRow {
  readonly content_days: number | null
  readonly record_days: number | null
  readonly approved_by: string
}

interface PruningRow {
  readonly minimum_index: bigint
  readonly kept_records: bigint
  readonly previous_mac: Buffer
  readonly record_id: string
  readonly note: string
}

function toPruning(row: PruningRow): Pruning {
  const { minimum_index: minimumIndex, kept_records: keptRecords, note } = row
  const { previous_mac: previousMac, record_id: recordId } = row
  return { minimumIndex, keptRecords, previousMac, recordId, note }
}

/** Asks the one function that sees policies of all organisations, and only whose they are. */
export function createPgRetainedOrganizations(db: Database): RetainedOrganizations {
  return {
    find: async (after, atMost) => {
      const rows = await db.query<{ organization_id: string }>(
        'SELECT organization_id FROM audit.retained_organizations($1, $2)',
        [after, atMost],
      )
      return rows.map(({ organization_id: organizationId }) => organizationId)
    },
  }
}
