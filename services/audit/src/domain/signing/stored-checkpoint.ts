import { type CheckpointNote, EvidenceError, readCheckpoint, verifyNote } from '@lexcustis/evidence'
import type { CheckpointStore, OrganizationLog } from '../checkpoint-store.js'
import type { SigningKeys } from '../signing-keys.js'
import { DivergedError } from './divergence.js'
import { originOf, signersFor } from './log-keys.js'

export interface StoredCheckpoint extends CheckpointNote {
  readonly text: string
}

export interface StoredCheckpointDeps {
  readonly store: Pick<CheckpointStore, 'newest'>
  readonly keys: SigningKeys
  readonly origin: string
}

/**
 * The newest checkpoint of a log, or undefined. A store may be older than the last rotation but one,
 * so a note that only keys unknown to this process have signed is believed for its size and root; one
 * that names another log, or whose signature by a key of ours is wrong, is not. Throws DivergedError.
 */
export async function newestCheckpoint(
  { store, keys, origin }: StoredCheckpointDeps,
  log: OrganizationLog,
): Promise<StoredCheckpoint | undefined> {
  const text = await store.newest(log)
  if (text === undefined) return undefined
  const name = originOf(origin, log)
  try {
    const checkpoint = readCheckpoint(text)
    if (checkpoint.origin !== name) throw damaged(log, checkpoint.size)
    const signers = signersFor(name, keys)
    const isOurs = checkpoint.note.signatures.some(({ name, keyId }) =>
      signers.some((key) => key.name === name && key.id === keyId),
    )
    if (isOurs) await verifyNote(checkpoint.note, signers)
    return { ...checkpoint, text }
  } catch (error) {
    throw error instanceof EvidenceError ? damaged(log, 0n) : error
  }
}

function damaged({ incarnation }: OrganizationLog, signedSize: bigint): DivergedError {
  return new DivergedError({
    code: 'checkpoint_signature',
    incarnation,
    signedSize,
    storedSize: 0n,
  })
}
