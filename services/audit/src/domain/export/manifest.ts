import { createHash } from 'node:crypto'
import { AppError } from '@lexcustis/core'
import { type NoteSigner, readNote, signNote } from '@lexcustis/evidence'
import type { OrganizationLog } from '../checkpoint-store.js'
import type { WrittenMember } from './member-writer.js'
import type { Period } from './period.js'

export interface ManifestInput {
  readonly origin: string
  readonly log: OrganizationLog
  readonly createdAt: string
  readonly treeSize: bigint
  /** Undefined for a bundle of everything. */
  readonly range:
    { readonly first: bigint; readonly end: bigint; readonly period: Period } | undefined
  readonly counts: {
    readonly records: number
    readonly content: number
    readonly erasures: number
    readonly keys: number
    readonly proofs: number
  }
  readonly members: ReadonlyMap<string, WrittenMember>
}

/** Text of manifest.json (SPEC.md, section 8). */
export function formatManifest(input: ManifestInput): string {
  const { origin, log, createdAt, treeSize, range, counts, members } = input
  const paths = [...members.keys()].sort()
  const manifest = {
    format: 'lexcustis-audit-export',
    version: 1,
    kind: range ? 'range' : 'full',
    origin,
    org: log.organizationId,
    inc: log.incarnation,
    created_at: createdAt,
    tree_size: String(treeSize),
    ...(range
      ? { range: { first: String(range.first), end: String(range.end) }, period: range.period }
      : {}),
    counts,
    members: Object.fromEntries(paths.map((path) => [path, members.get(path)])),
  }
  return `${JSON.stringify(manifest, undefined, 2)}\n`
}

/**
 * Text of manifest.sig: a note by those of `entitled` that signed the checkpoint as well. Throws
 * UNAVAILABLE when none did, because another replica is further in a rotation.
 */
export function signManifest(
  manifest: string,
  logName: string,
  checkpoint: string,
  entitled: readonly NoteSigner[],
): string {
  const { signatures } = readNote(checkpoint)
  const signers = entitled.filter(({ id, name }) =>
    signatures.some((signature) => signature.keyId === id && signature.name === name),
  )
  if (signers.length === 0) {
    throw new AppError('UNAVAILABLE', 'the checkpoint is signed by a key that is not held here', {
      retryAfterMs: 1_000,
    })
  }
  const hash = createHash('sha256').update(manifest).digest('base64')
  return signNote(`lexcustis/manifest/v1\n${logName}\n${hash}\n`, signers)
}
