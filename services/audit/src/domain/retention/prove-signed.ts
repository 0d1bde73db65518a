import { AppError } from '@lexcustis/core'
import {
  CompactRange,
  createTileSubtreeReader,
  equalBytes,
  leafHash,
  subtreesOf,
  TILE_HEIGHT,
  TILE_WIDTH,
  tileRoot,
} from '@lexcustis/evidence'
import type { OrganizationLog } from '../checkpoint-store.js'
import type { TreeStore } from '../signing/ports.js'
import { envelopeOf } from '../same-record.js'
import type { RetentionReader, RetentionStore } from './ports.js'

export interface ProveSignedDeps {
  readonly reader: Pick<RetentionReader, 'window' | 'leafTile'>
  readonly store: Pick<RetentionStore, 'keepLeafTile'>
  readonly trees: Pick<TreeStore, 'view'>
}

/** What is about to be pruned: from ≤ sequence < to, both multiples of 256. */
export interface PruningRange {
  readonly from: bigint
  readonly to: bigint
  /** Every record must be older than this. */
  readonly cutoff: string
}

/** The tree that was signed; at least as large as the range. */
export interface SignedRoot {
  readonly size: bigint
  readonly root: Uint8Array
}

const WIDTH = BigInt(TILE_WIDTH)

/**
 * Makes sure that records can go without a proof going with them: each is there and old enough, its
 * leaf is in a stored tile, and the tiles lead to the root that was signed. Returns the MAC of the last
 * one. Throws INTERNAL when the log is not the one that was signed; then nothing may be pruned.
 */
export async function proveSigned(
  deps: ProveSignedDeps,
  log: OrganizationLog,
  { from, to, cutoff }: PruningRange,
  { size, root }: SignedRoot,
): Promise<Buffer> {
  const range = new CompactRange()
  let lastMac: Buffer | undefined
  for (let first = 0n; first < to; first += WIDTH) {
    if (first >= from) lastMac = await keepTile(deps, log, first, cutoff)
    range.appendSubtree(TILE_HEIGHT, tileRoot(await storedTile(deps, log, first)))
  }
  await deps.trees.view(log, async (view) => {
    const read = createTileSubtreeReader(async (level, index) => view.tile(level, index))
    for (const subtree of subtreesOf(to, size)) {
      const hash = await read(subtree).catch((error: unknown) => {
        throw error instanceof RangeError ? notSigned() : error
      })
      range.appendSubtree(subtree.height, hash)
    }
  })
  if (!lastMac || !equalBytes(range.root(), root)) throw notSigned()
  return lastMac
}

/** A signer that stopped between signing and COMMIT leaves a tile out; records are its last source. */
async function keepTile(
  deps: ProveSignedDeps,
  log: OrganizationLog,
  first: bigint,
  cutoff: string,
): Promise<Buffer | undefined> {
  const { organizationId, incarnation } = log
  const records = await deps.reader.window(organizationId, incarnation, first, first + WIDTH)
  const isWhole =
    records.length === TILE_WIDTH &&
    records.every(({ sequence }, index) => sequence === first + BigInt(index))
  if (!isWhole) throw notSigned()
  for (const record of records) {
    const recordedAt = envelopeOf(record)?.recorded_at
    if (recordedAt === undefined || recordedAt >= cutoff) throw notSigned()
  }
  const hashes = Buffer.concat(records.map(({ canonical }) => leafHash(canonical)))
  await deps.store.keepLeafTile(organizationId, incarnation, first / WIDTH, hashes)
  if (!equalBytes(hashes, await storedTile(deps, log, first))) throw notSigned()
  return records.at(-1)?.mac
}

async function storedTile(
  { reader }: ProveSignedDeps,
  { organizationId, incarnation }: OrganizationLog,
  first: bigint,
): Promise<Uint8Array> {
  const hashes = await reader.leafTile(organizationId, incarnation, first / WIDTH)
  if (!hashes) throw notSigned()
  return hashes
}

function notSigned(): AppError {
  return new AppError(
    'INTERNAL',
    'the oldest records differ from what was signed of them, so none is pruned',
  )
}
