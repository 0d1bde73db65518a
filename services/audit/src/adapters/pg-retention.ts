import { AppError } from '@lexcustis/core'
import { tileRoot } from '@lexcustis/evidence'
import { type Database, isUniqueViolation } from '@lexcustis/postgres'
import type { Pruner, RetentionStore } from '../domain/retention/ports.js'

const KEEP_POLICY = `
  INSERT INTO audit.audit_retention_policy
    (organization_id, number, content_days, record_days, approved_by)
  SELECT $1::uuid, coalesce(max(number), 0) + 1, $2::int4, $3::int4, $4::uuid
  FROM audit.audit_retention_policy WHERE organization_id = $1`

const HAS_POLICY = `
  SELECT 1 FROM audit.audit_retention_policy WHERE organization_id = $1 AND approved_by = $2`

const KEEP_TILE = `
  INSERT INTO audit.audit_tiles (organization_id, incarnation, level, tile_index, hashes, root)
  VALUES ($1, $2, 0, $3, $4, $5) ON CONFLICT DO NOTHING`

const PUBLISH = `
  INSERT INTO audit.audit_pruning
    (organization_id, incarnation, minimum_index, kept_records, previous_mac, record_id, note)
  VALUES ($1, $2, $3, $4, $5, $6, $7)`

const IS_PUBLISHED = `
  SELECT 1 FROM audit.audit_pruning
  WHERE organization_id = $1 AND incarnation = $2 AND minimum_index >= $3`

const DELETE_BELOW = `
  WITH going AS MATERIALIZED (
    SELECT sequence_number FROM audit.audit_logs
    WHERE organization_id = $1 AND incarnation = $2 AND sequence_number < $3
      AND NOT audit.is_kept(type, ref)
    ORDER BY sequence_number LIMIT $4
  ), gone AS (
    DELETE FROM audit.audit_logs AS record USING going
    WHERE record.organization_id = $1 AND record.incarnation = $2
      AND record.sequence_number = going.sequence_number
    RETURNING 1
  )
  SELECT count(*) AS count FROM gone`

/** Records of one transaction: it stays short, and a run that stops has done most of its work. */
const PIECE = 2_000n

/** Inserts as lexcustis_audit into tables that nobody may change afterwards. */
export function createPgRetentionStore(db: Database): RetentionStore {
  return {
    keepPolicy: async (organizationId, { contentDays, recordDays }, approvedBy) =>
      db
        .tenant(organizationId, async (tx) => {
          const known = await tx.query(HAS_POLICY, [organizationId, approvedBy])
          if (known.length > 0) return
          const values = [organizationId, contentDays ?? null, recordDays ?? null, approvedBy]
          await tx.query(KEEP_POLICY, values)
        })
        .catch((error: unknown) => {
          if (!isUniqueViolation(error)) throw error
          throw new AppError('CONFLICT', 'another policy was set at the same moment; try again')
        }),

    keepLeafTile: async (organizationId, incarnation, index, hashes) => {
      const root = Buffer.from(tileRoot(hashes))
      const values = [organizationId, incarnation, index, Buffer.from(hashes), root]
      await db.tenant(organizationId, async (tx) => tx.query(KEEP_TILE, values))
    },

    publish: async (organizationId, incarnation, pruning) =>
      db.tenant(organizationId, async (tx) => {
        const { keptRecords, minimumIndex, note, previousMac, recordId } = pruning
        const place = [organizationId, incarnation, minimumIndex]
        // One run at a time; the second one finds what the first one published.
        await tx.query(
          `SELECT pg_advisory_xact_lock(hashtextextended('lexcustis/prune/' || $1, 0))`,
          [organizationId],
        )
        if ((await tx.query(IS_PUBLISHED, place)).length > 0) return
        await tx.query(PUBLISH, [...place, keptRecords, previousMac, recordId, note])
      }),
  }
}

/** Deletes as lexcustis_audit_retention, a role that may do nothing else, and that only below. */
export function createPgPruner(db: Database): Pruner {
  return {
    deleteBelow: async ({ organizationId, incarnation, below }) => {
      let gone = 0n
      for (;;) {
        const [row] = await db.tenant(organizationId, async (tx) =>
          tx.query<{ count: bigint }>(DELETE_BELOW, [organizationId, incarnation, below, PIECE]),
        )
        const count = row?.count ?? 0n
        gone += count
        if (count < PIECE) return gone
      }
    },
  }
}
