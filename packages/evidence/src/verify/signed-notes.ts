import { decodeUtf8, sha256, toBase64 } from '#platform'
import { EvidenceError, type FailureCode } from '../failure.js'
import { type CheckpointNote, readCheckpoint } from '../note/checkpoint.js'
import { readNote, type VerifiedNote, verifyNote } from '../note/note.js'
import type { VerifierKey } from '../note/vkey.js'
import type { Findings } from './findings.js'
import type { Manifest } from './manifest.js'
import type { MemberReader } from './member-reader.js'

export const CHECKPOINT = 'checkpoint.note'
export const PREVIOUS = 'previous.note'

const MAX_NOTE_BYTES = 1_000_000

/** A checkpoint that a given key signed. */
export interface SignedCheckpoint extends CheckpointNote, VerifiedNote {}

/** The text that the signature of a manifest is over (SPEC.md, section 8). */
export function manifestText(logOrigin: string, manifest: Uint8Array): string {
  return `lexcustis/manifest/v1\n${logOrigin}\n${toBase64(sha256(manifest))}\n`
}

/** Throws EvidenceError `manifest_signature`. */
export async function verifyManifestNote(
  signature: Uint8Array,
  manifest: { readonly bytes: Uint8Array; readonly logOrigin: string },
  keys: readonly VerifierKey[],
): Promise<VerifiedNote> {
  const text = signature.length <= MAX_NOTE_BYTES ? decodeUtf8(signature) : undefined
  const code = 'manifest_signature'
  if (text === undefined) throw new EvidenceError(code, 'is not UTF-8, or too large')
  const note = readNote(text, code)
  if (note.text !== manifestText(manifest.logOrigin, manifest.bytes)) {
    throw new EvidenceError(code, 'is about another manifest')
  }
  return verifyNote(note, keys, code)
}

/** Reads a checkpoint and verifies who signed it. Throws EvidenceError with `malformed` or `checkpoint_signature`. */
export async function verifyCheckpoint(
  bytes: Uint8Array | string,
  keys: readonly VerifierKey[],
  malformed: FailureCode,
): Promise<SignedCheckpoint> {
  const checkpoint = readCheckpointBytes(bytes, malformed)
  const named = keys.filter(({ name }) => name === checkpoint.origin)
  return { ...checkpoint, ...(await verifyNote(checkpoint.note, named)) }
}

export function readCheckpointBytes(
  bytes: Uint8Array | string,
  malformed: FailureCode,
): CheckpointNote {
  const text = typeof bytes === 'string' ? bytes : decodeUtf8(bytes)
  if (text === undefined) throw new EvidenceError(malformed, 'is not UTF-8')
  try {
    return readCheckpoint(text)
  } catch (error) {
    throw error instanceof EvidenceError ? new EvidenceError(malformed, error.detail) : error
  }
}

/** The checkpoint of the bundle; undefined when there is none that can be used. */
export async function readBundleCheckpoint(
  members: MemberReader,
  { logOrigin, treeSize }: Manifest,
  keys: readonly VerifierKey[],
  findings: Findings,
): Promise<SignedCheckpoint | undefined> {
  const bytes = await members.whole(CHECKPOINT, MAX_NOTE_BYTES)
  if (!bytes) return undefined
  try {
    const { origin, size } = readCheckpointBytes(bytes, 'checkpoint_malformed')
    if (origin !== logOrigin || size !== treeSize) {
      throw new EvidenceError(
        'manifest_mismatch',
        'is of another log or size than the manifest says',
      )
    }
    return await verifyCheckpoint(bytes, keys, 'checkpoint_malformed')
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error
    // Without it, nothing that leads to it can be judged.
    findings.breakMember(CHECKPOINT, error.code, error.detail)
    return undefined
  }
}

/** Same log, same size, same root; who signed may differ. */
export function isSameCheckpoint(a: CheckpointNote, b: CheckpointNote): boolean {
  return a.note.text === b.note.text
}
