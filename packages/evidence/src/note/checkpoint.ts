import { fromBase64, toBase64 } from '#platform'
import { isSequence } from '../envelope.js'
import { EvidenceError } from '../failure.js'
import { HASH_BYTES } from '../merkle/hash.js'
import { type Note, readNote } from './note.js'

/** What a checkpoint says (C2SP tlog-checkpoint, without extension lines). */
export interface Checkpoint {
  /** `<origin>/<org>/<inc>`, or `<origin>/deployment`. */
  readonly origin: string
  /** Leaves of the tree, never 0. */
  readonly size: bigint
  /** 32 bytes. */
  readonly root: Uint8Array
}

/** A checkpoint with the note it was read from. */
export interface CheckpointNote extends Checkpoint {
  readonly note: Note
}

const LINES = /^([^\n]+)\n([^\n]*)\n([^\n]*)\n$/

/** The first line of the checkpoints of one incarnation, and the name of their keys. */
export function logOrigin(origin: string, organizationId: string, incarnation: string): string {
  return `${origin}/${organizationId}/${incarnation}`
}

/** The text that is signed. */
export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${toBase64(root)}\n`
}

/** Reads a signed checkpoint; its signatures are still to be verified. Throws `checkpoint_malformed`. */
export function readCheckpoint(text: string): CheckpointNote {
  const note = readNote(text)
  const [, origin, size = '', root = ''] = LINES.exec(note.text) ?? []
  if (origin === undefined) throw malformed('is not an origin, a size and a root')
  if (!isSequence(size) || size === '0') throw malformed('the size is not a decimal above 0')
  const bytes = fromBase64(root)
  if (bytes?.length !== HASH_BYTES) throw malformed(`the root is not ${HASH_BYTES} bytes in base64`)
  return { origin, size: BigInt(size), root: bytes, note }
}

function malformed(detail: string): EvidenceError {
  return new EvidenceError('checkpoint_malformed', detail)
}
