import { AppError } from '@lexcustis/core'
import {
  consistencyProof,
  equalBytes,
  HASH_BYTES,
  inclusionProof,
  isConsistent,
  leafHash,
  rangeProof,
  readCheckpoint,
  rootFromInclusion,
  TILE_WIDTH,
} from '@lexcustis/evidence'
import type { CheckpointStore, OrganizationLog } from '../checkpoint-store.js'
import { proofReader, rangeAt } from './log-tree.js'
import type { TreeStore, TreeView } from './ports.js'

export interface Proof {
  /** Size of the tree it is about; of the later one for consistency. */
  readonly size: bigint
  readonly hashes: readonly Uint8Array[]
}

export interface RangeProof {
  readonly left: readonly Uint8Array[]
  readonly right: readonly Uint8Array[]
}

export interface ProofsDeps {
  readonly trees: Pick<TreeStore, 'view'>
  readonly store: Pick<CheckpointStore, 'newest' | 'get'>
  /** Records of a log below it were pruned: whoever kept one still gets its proof. */
  readonly minimumIndex: (log: OrganizationLog) => Promise<bigint>
}

/** Proofs against what was signed. Each is checked before it is handed out. */
export interface Proofs {
  /** RFC 6962, section 2.1.1. `size` 0: the newest checkpoint's. Throws NOT_FOUND, INVALID_INPUT. */
  inclusion(log: OrganizationLog, sequence: bigint, size: bigint): Promise<Proof>
  /** RFC 6962, section 2.1.2. `to` 0: the newest checkpoint's. Throws NOT_FOUND, INVALID_INPUT. */
  consistency(log: OrganizationLog, from: bigint, to: bigint): Promise<Proof>
  range(log: OrganizationLog, first: bigint, end: bigint, size: bigint): Promise<RangeProof>
}

export function createProofs({ trees, store, minimumIndex }: ProofsDeps): Proofs {
  /** Size and root that was signed; a size between two checkpoints has no root of its own. */
  const signedTree = async (
    log: OrganizationLog,
    size: bigint,
  ): Promise<{ readonly size: bigint; readonly root: Uint8Array | undefined }> => {
    const newest = await store.newest(log)
    if (newest === undefined) throw new AppError('NOT_FOUND', 'nothing is signed yet')
    const checkpoint = readCheckpoint(newest)
    if (size === 0n || size === checkpoint.size) return checkpoint
    if (size > checkpoint.size) throw new AppError('NOT_FOUND', 'no checkpoint is that large yet')
    const exact = await store.get(log, size)
    return { size, root: exact === undefined ? undefined : readCheckpoint(exact).root }
  }

  return {
    inclusion: async (log, sequence, asked) => {
      const { size, root } = await signedTree(log, asked)
      if (sequence >= size) throw invalid('sequence', 'is not below the size')
      const isPruned = sequence < (await minimumIndex(log))
      return trees.view(log, async (view) => {
        const reader = proofReader(view, size, [sequence])
        const [leaf, hashes] = await Promise.all([
          leafAt(view, sequence, isPruned),
          reading(inclusionProof(sequence, size, reader)),
        ])
        const reached = leaf && rootFromInclusion({ leaf, sequence, size, hashes })
        const expected = root ?? (await reading(rangeAt(view, size))).root()
        if (!reached || !equalBytes(reached, expected)) throw damaged()
        return { size, hashes }
      })
    },
    consistency: async (log, from, asked) => {
      const later = await signedTree(log, asked)
      if (from < 1n || from > later.size)
        throw invalid('from', 'is not between 1 and the later size')
      const earlier = await signedTree(log, from)
      return trees.view(log, async (view) => {
        const reader = proofReader(view, later.size, [from - 1n])
        const hashes = await reading(consistencyProof(from, later.size, reader))
        const rootOf = async (size: bigint): Promise<Uint8Array> =>
          (await reading(rangeAt(view, size))).root()
        const fromRoot = earlier.root ?? (await rootOf(from))
        const toRoot = later.root ?? (await rootOf(later.size))
        if (!isConsistent({ from, fromRoot, to: later.size, toRoot, hashes })) throw damaged()
        return { size: later.size, hashes }
      })
    },
    range: async (log, first, end, size) =>
      trees.view(log, async (view) =>
        reading(rangeProof({ first, end, size }, proofReader(view, size, [first, end]))),
      ),
  }
}

/** The leaf of the bytes that are stored now; of a record that was pruned, what its tile says. */
async function leafAt(
  view: TreeView,
  sequence: bigint,
  isPruned: boolean,
): Promise<Uint8Array | undefined> {
  const [record] = await view.canonical(sequence, sequence + 1n)
  if (record) return leafHash(record.canonical)
  if (!isPruned) return undefined
  const tile = await view.tile(0, sequence / BigInt(TILE_WIDTH))
  const at = Number(sequence % BigInt(TILE_WIDTH)) * HASH_BYTES
  return tile.subarray(at, at + HASH_BYTES)
}

async function reading<T>(proof: Promise<T>): Promise<T> {
  return proof.catch((error: unknown) => {
    throw error instanceof RangeError ? damaged() : error
  })
}

function damaged(): AppError {
  return new AppError('INTERNAL', 'the stored log does not lead to the signed root')
}

function invalid(name: string, problem: string): AppError {
  return new AppError('INVALID_INPUT', `${name} ${problem}`)
}
