import { createHash } from 'node:crypto'
import { HASH_BYTES, leafHash, TILE_WIDTH, tileRoot } from '@lexcustis/evidence'
import type { Database, Queryable } from '@lexcustis/postgres'
import type { OrganizationLog } from '../domain/checkpoint-store.js'
import type {
  LogHead,
  SigningTransaction,
  StoredBytes,
  Tile,
  TreeStore,
  TreeView,
} from '../domain/signing/ports.js'
import { byteaArray, int8Array } from './pg-array.js'

/** A signer that stops in the middle is ended by the server, and another one takes over. */
const LEASE_MS = 10_000

const WIDTH = BigInt(TILE_WIDTH)

/** The tree beside the log, as lexcustis_audit. */
export function createPgTreeStore(db: Database): TreeStore {
  const head = async (organizationId: string): Promise<LogHead | undefined> => {
    const [row] = await db.tenant(organizationId, async (tx) =>
      tx.query<HeadRow>(
        `SELECT organization_id, incarnation, sequence_number, recorded_at FROM audit.audit_logs
         WHERE organization_id = $1 ORDER BY incarnation DESC, sequence_number DESC LIMIT 1`,
        [organizationId],
      ),
    )
    return row && toHead(row)
  }
  return {
    head,
    exclusively: async (log, use) =>
      db.tenant(log.organizationId, async (tx) => {
        // Two numbers instead of one: these locks and those of writers are never the same.
        const [row] = await tx.query<{ is_ours: boolean }>(
          `SELECT set_config('idle_in_transaction_session_timeout', '${LEASE_MS}', true),
             pg_try_advisory_xact_lock($1, $2) AS is_ours`,
          lockOf(log.organizationId),
        )
        return row?.is_ours ? use(signing(tx, log)) : undefined
      }),
    view: async (log, use) => db.tenant(log.organizationId, async (tx) => use(view(tx, log))),
    heads: async (after, atMost) => {
      const rows = await db.query<HeadRow>(
        `SELECT organization_id, incarnation, sequence_number, recorded_at
         FROM audit.log_heads($1, $2)`,
        [after, atMost],
      )
      return rows.map(toHead)
    },
  }
}

interface HeadRow {
  readonly organization_id: string
  readonly incarnation: string
  readonly sequence_number: bigint
  readonly recorded_at: string
}

function toHead(row: HeadRow): LogHead {
  const { organization_id: organizationId, incarnation, recorded_at: recordedAt } = row
  return { organizationId, incarnation, sequence: row.sequence_number, recordedAt }
}

function view(tx: Queryable, { organizationId, incarnation }: OrganizationLog): TreeView {
  const place = [organizationId, incarnation]
  const rootsBelow = async (
    level: number,
    index: bigint,
    atMost = TILE_WIDTH,
  ): Promise<Uint8Array> => {
    const rows = await tx.query<{ tile_index: bigint; root: Buffer }>(
      `SELECT tile_index, root FROM audit.audit_tiles
       WHERE organization_id = $1 AND incarnation = $2 AND level = $3
         AND tile_index >= $4 AND tile_index < $5
       ORDER BY tile_index`,
      [...place, level - 1, index * WIDTH, (index + 1n) * WIDTH],
    )
    const known = new Map(rows.map(({ tile_index: child, root }) => [child, root]))
    const roots: Uint8Array[] = []
    for (let child = index * WIDTH; roots.length < atMost; child += 1n) {
      const root = known.get(child) ?? (await rootOf(level - 1, child))
      if (!root) break
      roots.push(root)
    }
    return Buffer.concat(roots)
  }
  /** Of a tile that is full and was not kept: its signer stopped between signing and COMMIT. */
  const rootOf = async (level: number, index: bigint): Promise<Uint8Array | undefined> => {
    const hashes = await (level === 0 ? leaves(index) : rootsBelow(level, index))
    return hashes.length === TILE_WIDTH * HASH_BYTES ? tileRoot(hashes) : undefined
  }
  const storedLeaves = async (index: bigint): Promise<Buffer> => {
    const rows = await tx.query<{ leaf: Buffer }>(
      `SELECT leaf FROM audit.audit_logs
       WHERE organization_id = $1 AND incarnation = $2
         AND sequence_number >= $3 AND sequence_number < $4
       ORDER BY sequence_number`,
      [...place, index * WIDTH, (index + 1n) * WIDTH],
    )
    return Buffer.concat(rows.map(({ leaf }) => leaf))
  }
  const leaves = async (index: bigint): Promise<Buffer> => {
    const rows = await tx.query<{ canonical: Buffer }>(
      `SELECT canonical FROM audit.audit_logs
       WHERE organization_id = $1 AND incarnation = $2
         AND sequence_number >= $3 AND sequence_number < $4
       ORDER BY sequence_number`,
      [...place, index * WIDTH, (index + 1n) * WIDTH],
    )
    return Buffer.concat(rows.map(({ canonical }) => leafHash(canonical)))
  }
  return {
    count: async () => {
      const [row] = await tx.query<{ count: bigint }>(
        `SELECT sequence_number + 1 AS count FROM audit.audit_logs
         WHERE organization_id = $1 AND incarnation = $2 ORDER BY sequence_number DESC LIMIT 1`,
        place,
      )
      return row?.count ?? 0n
    },
    canonical: async (from, to) =>
      toBytes(
        await tx.query(
          `SELECT sequence_number, canonical FROM audit.audit_logs
           WHERE organization_id = $1 AND incarnation = $2
             AND sequence_number >= $3 AND sequence_number < $4
           ORDER BY sequence_number`,
          [...place, from, to],
        ),
      ),
    tile: async (level, index, { leaves: source, atMost } = {}) => {
      const [row] = await tx.query<{ hashes: Buffer }>(
        `SELECT hashes FROM audit.audit_tiles
         WHERE organization_id = $1 AND incarnation = $2 AND level = $3 AND tile_index = $4`,
        [...place, level, index],
      )
      if (row) return row.hashes
      if (level > 0) return rootsBelow(level, index, atMost)
      return source === 'stored' ? storedLeaves(index) : leaves(index)
    },
    sealed: async (sequence) => {
      const [row] = await tx.query<{ canonical: Buffer; mac: Buffer }>(
        `SELECT canonical, mac FROM audit.audit_logs
         WHERE organization_id = $1 AND incarnation = $2 AND sequence_number = $3`,
        [...place, sequence],
      )
      return row && { sequence, ...row }
    },
    keyRecords: async () =>
      toBytes(
        await tx.query(
          `SELECT sequence_number, canonical FROM audit.audit_logs
           WHERE organization_id = $1 AND incarnation = $2
             AND type NOT IN ('chat.started', 'chat.completed')
             AND type IN ('chain.genesis', 'key.announced')
           ORDER BY sequence_number`,
          place,
        ),
      ),
  }
}

function toBytes(
  rows: readonly { readonly sequence_number: bigint; readonly canonical: Buffer }[],
): StoredBytes[] {
  return rows.map(({ sequence_number: sequence, canonical }) => ({ sequence, canonical }))
}

function signing(tx: Queryable, log: OrganizationLog): SigningTransaction {
  return {
    ...view(tx, log),
    keepTiles: async (tiles) => {
      if (tiles.length > 0) await insertTiles(tx, log, tiles)
    },
  }
}

/** A tile that is there already was made from the same records; the next rebuild would notice if not. */
async function insertTiles(
  tx: Queryable,
  { organizationId, incarnation }: OrganizationLog,
  tiles: readonly Tile[],
): Promise<void> {
  await tx.query(
    `INSERT INTO audit.audit_tiles (organization_id, incarnation, level, tile_index, hashes, root)
     SELECT $1::uuid, $2::uuid, tile.level, tile.tile_index, tile.hashes, tile.root
     FROM unnest($3::int8[], $4::int8[], $5::bytea[], $6::bytea[])
       AS tile (level, tile_index, hashes, root)
     ON CONFLICT DO NOTHING`,
    [
      organizationId,
      incarnation,
      int8Array(tiles.map(({ level }) => BigInt(level))),
      int8Array(tiles.map(({ index }) => index)),
      byteaArray(tiles.map(({ hashes }) => Buffer.from(hashes))),
      byteaArray(tiles.map(({ root }) => Buffer.from(root))),
    ],
  )
}

function lockOf(organizationId: string): [number, number] {
  const digest = createHash('sha256').update(`lexcustis/sign/${organizationId}`).digest()
  return [digest.readInt32BE(0), digest.readInt32BE(4)]
}
