import { decodeUtf8, fromBase64 } from '#platform'
import { EvidenceError } from '../failure.js'
import { equalBytes } from '../merkle/hash.js'
import { isConsistent } from '../merkle/proof.js'
import type { VerifierKey } from '../note/vkey.js'
import type { Findings } from './findings.js'
import type { Manifest } from './manifest.js'
import type { MemberReader } from './member-reader.js'
import { RECORDS } from './record-pass.js'
import {
  CHECKPOINT,
  isSameCheckpoint,
  PREVIOUS,
  readCheckpointBytes,
  type SignedCheckpoint,
  verifyCheckpoint,
} from './signed-notes.js'
import type { Tree } from './tree.js'

export const CONSISTENCY = 'consistency.proof'

const MAX_BYTES = 1_000_000

/** Earlier checkpoints that the log has to continue (SPEC.md, section 7). */
export interface Earlier {
  /** The one that the verifier brought along. */
  readonly given: SignedCheckpoint | undefined
  /** The one in the bundle. */
  readonly enclosed: SignedCheckpoint | undefined
}

export interface EarlierOptions {
  readonly manifest: Manifest
  readonly keys: readonly VerifierKey[]
  readonly findings: Findings
}

/** A checkpoint that may be earlier than the one of the bundle. Throws EvidenceError. */
export async function readEarlier(
  note: Uint8Array | string,
  { manifest, keys }: Omit<EarlierOptions, 'findings'>,
): Promise<SignedCheckpoint> {
  const { origin, size } = readCheckpointBytes(note, 'previous_malformed')
  if (origin !== manifest.logOrigin) {
    throw new EvidenceError('previous_origin', 'is a checkpoint of another log or incarnation')
  }
  const checkpoint = await verifyCheckpoint(note, keys, 'previous_malformed')
  if (size > manifest.treeSize) {
    throw new EvidenceError('previous_newer', 'is larger than the checkpoint of the bundle')
  }
  return checkpoint
}

/** Reads previous.note; undefined when it is not there or cannot be used. */
export async function readEnclosed(
  members: MemberReader,
  { manifest, keys, findings }: EarlierOptions,
): Promise<SignedCheckpoint | undefined> {
  const bytes = await members.whole(PREVIOUS, MAX_BYTES)
  if (!bytes) return undefined
  try {
    return await readEarlier(bytes, { manifest, keys })
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error
    findings.breakMember(PREVIOUS, error.code, error.detail)
    return undefined
  }
}

export interface ConsistencyOptions {
  readonly manifest: Manifest
  readonly members: MemberReader
  readonly findings: Findings
  readonly checkpoint: SignedCheckpoint | undefined
  readonly tree: Tree | undefined
  /** The leaves lead to the checkpoint, so what they lead to before counts. */
  readonly isRootRight: boolean
}

/** Whether the log continues the earlier checkpoints. */
export async function checkConsistency(
  earlier: Earlier,
  options: ConsistencyOptions,
): Promise<void> {
  const { manifest, members, findings } = options
  const { given, enclosed } = earlier
  const present = [PREVIOUS, CONSISTENCY].filter((member) => members.listed.has(member))
  if (present.length === 1) {
    const member = present[0] === PREVIOUS ? CONSISTENCY : PREVIOUS
    findings.breakMember(member, 'consistency_missing', 'one is not there without the other')
  }
  if (manifest.kind === 'full') checkLeaves([given, enclosed], options)
  else if (given && present.length === 0) {
    const detail = 'the bundle has no proof that it continues an earlier checkpoint'
    findings.add('consistency_missing', detail)
  } else if (given && enclosed && !isSameCheckpoint(given, enclosed)) {
    findings.add('previous_differs', 'is not the checkpoint that was given', { member: PREVIOUS })
    return
  }
  if (present.includes(CONSISTENCY)) await checkProof(enclosed, options)
}

/** A full bundle shows by its leaves what the tree was. */
function checkLeaves(
  checkpoints: readonly (SignedCheckpoint | undefined)[],
  { findings, tree, isRootRight }: ConsistencyOptions,
): void {
  for (const checkpoint of checkpoints) {
    const root = isRootRight && checkpoint ? tree?.rootAt(checkpoint.size) : undefined
    if (!root || !checkpoint || equalBytes(root, checkpoint.root)) continue
    const detail = 'the log was not what the earlier checkpoint says'
    // Once, also when the checkpoint that was given is the enclosed one.
    if (!findings.has(['consistency'])) findings.add('consistency', detail, {}, [RECORDS])
  }
}

async function checkProof(
  enclosed: SignedCheckpoint | undefined,
  { members, findings, checkpoint }: ConsistencyOptions,
): Promise<void> {
  const bytes = await members.whole(CONSISTENCY, MAX_BYTES)
  if (!bytes) return
  const place = { member: CONSISTENCY }
  const hashes = readProof(bytes)
  if (!hashes) {
    findings.add('consistency_malformed', 'is not one hash a line', place)
  } else if (enclosed && checkpoint && !findings.has(['consistency'])) {
    const { size: from, root: fromRoot } = enclosed
    const { size: to, root: toRoot } = checkpoint
    if (isConsistent({ from, fromRoot, to, toRoot, hashes })) return
    const detail = 'does not lead from the earlier checkpoint to this one'
    findings.add('consistency', detail, place, [PREVIOUS, CHECKPOINT])
  }
}

/** Base64 of one hash a line, each ended by LF; no bytes for no hashes. */
function readProof(bytes: Uint8Array): Uint8Array[] | undefined {
  if (bytes.length === 0) return []
  const text = decodeUtf8(bytes)
  if (!text?.endsWith('\n')) return undefined
  const hashes = text
    .slice(0, -1)
    .split('\n')
    .map((line) => fromBase64(line))
  return hashes.every((hash) => hash?.length === 32) ? (hashes as Uint8Array[]) : undefined
}
