import {
  createRecordMac,
  equalBytes,
  genesisMac,
  isSequence,
  leafHash,
  readCheckpoint,
} from '@lexcustis/evidence'
import type { CheckpointStore, OrganizationLog } from '../checkpoint-store.js'
import type { Predecessor } from '../genesis.js'
import type { Keyring } from '../keyring.js'
import { envelopeOf } from '../same-record.js'
import { DivergedError, type DivergenceCode } from './divergence.js'
import { rangeAt } from './log-tree.js'
import type { StoredBytes, TreeStore, TreeView } from './ports.js'
import {
  newestCheckpoint,
  type StoredCheckpoint,
  type StoredCheckpointDeps,
} from './stored-checkpoint.js'

export interface CompareDeps extends StoredCheckpointDeps {
  readonly store: Pick<CheckpointStore, 'newest' | 'incarnations' | 'get'>
  readonly trees: Pick<TreeStore, 'head' | 'view'>
  readonly keyring: Keyring
}

/** What is known to be signed of the log that is written to; undefined before its first checkpoint. */
export interface SignedState {
  readonly incarnation: string
  readonly size: bigint
}

/**
 * Compares what the database has of an organisation with the newest that was signed of it (SPEC.md,
 * section 4). Throws DivergedError when the database is behind or says something else.
 */
export async function compareLog(
  deps: CompareDeps,
  organizationId: string,
): Promise<SignedState | undefined> {
  // The store before the database: what is signed is there, and what is there may not be signed yet.
  const incarnation = (await deps.store.incarnations(organizationId)).at(-1)
  if (incarnation === undefined) return undefined
  const log = { organizationId, incarnation }
  const signed = await newestCheckpoint(deps, log)
  if (!signed) return undefined
  const head = await deps.trees.head(organizationId)
  const storedSize = await deps.trees.view(log, async (view) => view.count())
  const diverged = (code: DivergenceCode): DivergedError =>
    new DivergedError({ code, incarnation, signedSize: signed.size, storedSize })
  if (!head) throw diverged('log_missing')
  if (head.incarnation < incarnation) throw diverged('log_behind')
  if (head.incarnation > incarnation) {
    const successor = { organizationId, incarnation: head.incarnation }
    if (!(await continues(deps, successor, log))) throw diverged('genesis')
    return undefined
  }
  if (storedSize < signed.size) throw diverged('log_behind')
  const isSame = await deps.trees.view(log, async (view) => hasRoot(view, signed))
  if (!isSame) throw diverged('root_mismatch')
  return { incarnation, size: signed.size }
}

async function hasRoot(view: TreeView, { size, root }: StoredCheckpoint): Promise<boolean> {
  try {
    return equalBytes((await rangeAt(view, size)).root(), root)
  } catch (error) {
    // A hole below the newest record: the tree of that size cannot be built.
    if (error instanceof RangeError) return false
    throw error
  }
}

/**
 * Whether the genesis of a log is one of ours, and names a stored checkpoint of its predecessor: not
 * always the newest one, because a signer that slept through the ceremony may have added another.
 */
async function continues(
  { trees, keyring, store }: CompareDeps,
  successor: OrganizationLog,
  predecessor: OrganizationLog,
): Promise<boolean> {
  const genesis = await trees.view(successor, async (view) => view.sealed(0n))
  if (!genesis || !isAuthentic(keyring, successor, genesis)) return false
  const { inc, size, root } = {
    ...(envelopeOf(genesis)?.attrs['predecessor'] as Partial<Predecessor> | undefined),
  }
  if (inc !== predecessor.incarnation || !size || !isSequence(size)) return false
  const note = await store.get(predecessor, BigInt(size))
  return note !== undefined && Buffer.from(readCheckpoint(note).root).toString('base64') === root
}

type Sealed = StoredBytes & { readonly mac: Buffer }

/** Without the master key nobody makes the MAC of a genesis. */
function isAuthentic(
  keyring: Keyring,
  { organizationId, incarnation }: OrganizationLog,
  { canonical, mac }: Sealed,
): boolean {
  const envelope = envelopeOf({ canonical })
  const isGenesis =
    envelope?.type === 'chain.genesis' &&
    envelope.org === organizationId &&
    envelope.inc === incarnation
  const key = isGenesis ? keyring.chainKey(organizationId, incarnation, envelope.kid) : undefined
  if (!key) return false
  const before = genesisMac(key, organizationId, incarnation)
  return createRecordMac(key, organizationId)(0n, before, leafHash(canonical)).equals(mac)
}
