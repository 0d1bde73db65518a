import { equalBytes, formatCheckpoint, type NoteSigner, signNote } from '@lexcustis/evidence'
import {
  CheckpointConflictError,
  type CheckpointStore,
  type OrganizationLog,
} from '../checkpoint-store.js'
import type { SigningKeys } from '../signing-keys.js'
import { DivergedError, type DivergenceCode } from './divergence.js'
import { keepCheckpoint } from './keep-checkpoint.js'
import { announcedKeys, entitledTo, missingAnnouncement, originOf, signersFor } from './log-keys.js'
import { LogTree } from './log-tree.js'
import type { SigningTransaction, TreeStore } from './ports.js'
import { newestCheckpoint, type StoredCheckpoint } from './stored-checkpoint.js'
import type { TreeCache } from './tree-cache.js'

export interface SignDeps {
  readonly trees: Pick<TreeStore, 'exclusively'>
  readonly store: Pick<CheckpointStore, 'newest' | 'claim' | 'put'>
  readonly keys: SigningKeys
  readonly origin: string
  readonly cache: TreeCache
}

export type Announcement = NonNullable<ReturnType<typeof missingAnnouncement>>

export interface Signed {
  /** Size of the newest checkpoint; 0 when nothing could be signed yet. */
  readonly size: bigint
  /** Whether there are more records than that. */
  readonly hasMore: boolean
  /** What has to be recorded before the keys of this process may sign. */
  readonly announce: Announcement | undefined
}

/** Records under one checkpoint at most, so that a long backlog is signed in steps. */
const STEP = 65_536n
const PAGE = 1_024n

/**
 * Signs what an organisation has appended since its newest checkpoint: recomputes the leaves from the
 * bytes that the database gives back, extends the tree, signs, and resolves once the note is durable
 * in the store (SPEC.md, section 4). Undefined when another signer is at it, or was faster. Throws DivergedError when
 * the database does not continue what was signed.
 */
export async function signLog(deps: SignDeps, log: OrganizationLog): Promise<Signed | undefined> {
  const known = deps.cache.take(log)
  return deps.trees.exclusively(log, async (tx) => {
    const newest = await newestCheckpoint(deps, log)
    const count = await tx.count()
    const diverged = (code: DivergenceCode): DivergedError =>
      new DivergedError({
        code,
        incarnation: log.incarnation,
        signedSize: newest?.size ?? 0n,
        storedSize: count,
      })
    if (count < (newest?.size ?? 0n)) throw diverged('log_behind')
    const tree = await treeOf(tx, newest, known, diverged)
    const signed = await extend(deps, log, { tx, tree, count, diverged })
    if (signed) deps.cache.keep(log, tree)
    return signed
  })
}

type Diverged = (code: DivergenceCode) => DivergedError

/** The tree of the newest checkpoint, from memory when that is where this process stopped. */
async function treeOf(
  tx: SigningTransaction,
  newest: StoredCheckpoint | undefined,
  known: LogTree | undefined,
  diverged: Diverged,
): Promise<LogTree> {
  if (!newest) return LogTree.empty()
  const tree = known?.size === newest.size ? known : await rebuilt(tx, newest.size, diverged)
  if (!equalBytes(tree.root(), newest.root)) throw diverged('root_mismatch')
  return tree
}

async function rebuilt(tx: SigningTransaction, size: bigint, diverged: Diverged): Promise<LogTree> {
  try {
    return await LogTree.rebuild(tx, size)
  } catch (error) {
    throw error instanceof RangeError ? diverged('seq_gap') : error
  }
}

interface Extension {
  readonly tx: SigningTransaction
  readonly tree: LogTree
  readonly count: bigint
  readonly diverged: Diverged
}

async function extend(
  deps: SignDeps,
  log: OrganizationLog,
  { tx, tree, count, diverged }: Extension,
): Promise<Signed | undefined> {
  const signers = signersFor(originOf(deps.origin, log), deps.keys)
  const announced = announcedKeys(await tx.keyRecords())
  const announce = missingAnnouncement(signers, announced)
  const signedSize = tree.size
  const target = count - signedSize > STEP ? signedSize + STEP : count
  const entitled = entitledTo(target, signers, announced)
  if (target === signedSize || entitled.length === 0) {
    return { size: signedSize, hasMore: count > signedSize, announce }
  }
  await grow(tx, tree, target, diverged)
  if (!(await keepNote(deps.store, log, { tree, entitled, signedSize, diverged }))) return undefined
  return { size: target, hasMore: count > target, announce }
}

async function grow(
  tx: SigningTransaction,
  tree: LogTree,
  target: bigint,
  diverged: Diverged,
): Promise<void> {
  while (tree.size < target) {
    const to = tree.size + PAGE < target ? tree.size + PAGE : target
    for (const record of await tx.canonical(tree.size, to)) {
      if (record.sequence !== tree.size) throw diverged('seq_gap')
      tree.append(record)
    }
    if (tree.size < to) throw diverged('seq_gap')
    await tx.keepTiles(tree.takeFullTiles())
  }
}

function noteOf(tree: LogTree, signers: readonly NoteSigner[]): string {
  const origin = signers[0]?.name ?? ''
  return signNote(formatCheckpoint({ origin, size: tree.size, root: tree.root() }), signers)
}

interface Growth {
  readonly tree: LogTree
  readonly entitled: readonly NoteSigner[]
  readonly signedSize: bigint
  readonly diverged: Diverged
}

async function keepNote(
  store: SignDeps['store'],
  log: OrganizationLog,
  { tree, entitled, signedSize, diverged }: Growth,
): Promise<boolean> {
  try {
    return await keepCheckpoint(store, log, signedSize, noteOf(tree, entitled))
  } catch (error) {
    throw error instanceof CheckpointConflictError ? diverged('root_mismatch') : error
  }
}
