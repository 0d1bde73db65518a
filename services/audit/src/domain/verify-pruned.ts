import {
  type Break,
  type ChainVerifier,
  CompactRange,
  type Envelope,
  equalBytes,
  HASH_BYTES,
  type StoredRecord,
  TILE_HEIGHT,
  TILE_WIDTH,
  tileRoot,
} from '@lexcustis/evidence'
import type { OrganizationLog } from './checkpoint-store.js'
import type { LogReader } from './ports.js'
import { isKept } from './retention/kept.js'
import type { Pruning, RetentionReader } from './retention/ports.js'
import { PRUNED_SETTINGS, pruningVersion } from './retention/prune.js'
import { envelopeOf } from './same-record.js'

export interface PrunedDeps {
  readonly reader: Pick<LogReader, 'window' | 'byId'>
  readonly retention: Pick<RetentionReader, 'pruning' | 'leafTile'>
}

/** What is known of the records that may be gone. */
export interface PrunedTree {
  /** Leaves below the minimum index; undefined when their tiles are not all there. */
  readonly range: CompactRange | undefined
  readonly kept: bigint
}

const WIDTH = BigInt(TILE_WIDTH)
/** Tiles whose records are read at a time. */
const TILES = 16n

/**
 * Where a log begins, if its older records were pruned and a record of it says so. That record lies
 * above, where its MAC is checked: a row that the database made up counts for nothing, and then what is
 * missing is a gap.
 */
export async function findAnnouncedPruning(
  { reader, retention }: PrunedDeps,
  { organizationId, incarnation }: OrganizationLog,
): Promise<Pruning | undefined> {
  const pruning = await retention.pruning(organizationId, incarnation)
  const entry = pruning && (await reader.byId(organizationId, pruning.recordId))
  const envelope = entry && envelopeOf(entry)
  if (!pruning || !envelope) return undefined
  const isAbove = entry.incarnation === incarnation && entry.sequence >= pruning.minimumIndex
  return isAbove && announces(envelope, pruning) ? pruning : undefined
}

/** Only the service itself announces: what others append has another kind of actor. */
function announces({ type, actor, attrs }: Envelope, pruning: Pruning): boolean {
  return (
    type === 'settings.changed' &&
    actor.kind === 'system' &&
    JSON.stringify(attrs['changed']) === JSON.stringify(PRUNED_SETTINGS) &&
    attrs['version'] === pruningVersion(pruning)
  )
}

/**
 * Checks what is left below the minimum index: each record by itself and against its leaf in the tree.
 * MACs only where the record before is there too. `verifier` begins at sequence 0.
 */
export async function* checkPruned(
  { reader, retention }: PrunedDeps,
  { organizationId, incarnation }: OrganizationLog,
  { minimumIndex, keptRecords }: Pruning,
  verifier: ChainVerifier,
): AsyncGenerator<Break, PrunedTree> {
  const range = new CompactRange()
  let isWhole = true
  let kept = 0n
  for (let from = 0n; from < minimumIndex; from += TILES * WIDTH) {
    const to = from + TILES * WIDTH < minimumIndex ? from + TILES * WIDTH : minimumIndex
    const records = await reader.window(organizationId, incarnation, from, to)
    kept += BigInt(records.filter(isKept).length)
    for (let first = from; first < to; first += WIDTH) {
      const tile = await retention.leafTile(organizationId, incarnation, first / WIDTH)
      if (!tile) {
        isWhole = false
        yield { code: 'inclusion', sequence: first, detail: NO_TILE }
      } else if (isWhole) range.appendSubtree(TILE_HEIGHT, tileRoot(tile))
      const here = records.filter(({ sequence }) => sequence / WIDTH === first / WIDTH)
      for (const record of here) yield* checkLeft(verifier, record, tile)
    }
  }
  if (kept < keptRecords) yield { code: 'seq_gap', sequence: 0n, detail: NOT_KEPT }
  return { range: isWhole ? range : undefined, kept }
}

const NO_TILE = 'the hashes of pruned records are missing'
const NOT_KEPT = 'a record that is never pruned is missing'
const NOT_IN_TREE = 'the bytes are not the ones in the tree'

function checkLeft(
  verifier: ChainVerifier,
  record: StoredRecord,
  tile: Uint8Array | undefined,
): readonly Break[] {
  // Gaps are what pruning leaves.
  const breaks = verifier.check(record).filter(({ code }) => code !== 'seq_gap')
  const at = Number(record.sequence % WIDTH) * HASH_BYTES
  if (!tile || equalBytes(tile.subarray(at, at + HASH_BYTES), record.leaf)) return breaks
  return [...breaks, { code: 'inclusion', sequence: record.sequence, detail: NOT_IN_TREE }]
}
