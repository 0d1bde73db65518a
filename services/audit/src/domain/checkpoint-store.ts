import { AppError, isUuid } from '@lexcustis/core'

/** One log in the store: an incarnation of an organisation, or the log of the deployment itself. */
export type LogName =
  | 'deployment'
  | {
      readonly organizationId: string
      readonly incarnation: string
    }

export type OrganizationLog = Exclude<LogName, 'deployment'>

/**
 * What was signed, kept where whoever changes the database cannot change it too. Nothing is ever
 * replaced or removed: a note is there or it is not. Every method throws AppError UNAVAILABLE when
 * the store cannot be reached.
 */
export interface CheckpointStore {
  /** The note of the largest size, or undefined when there is none. */
  newest(log: LogName): Promise<string | undefined>
  /** The note of exactly this size. */
  get(log: LogName, size: bigint): Promise<string | undefined>
  /**
   * Keeps a note; durable once it resolves. The first note of a size stays: another one with the
   * same text before its signatures is fine and changes nothing. Throws CheckpointConflictError when
   * the text differs, because then two trees have been signed.
   */
  put(log: LogName, size: bigint, note: string): Promise<void>
  /**
   * Claims the place after a checkpoint: the note that continues the one of size `after` (0: the
   * first of all) is the one claimed first, and is returned. Without this a signer that slept through
   * the restore of a backup could add a checkpoint of the old history beside the new one's. Durable
   * once it resolves. A claimed note is to be `put` by whoever finds it.
   */
  claim(log: LogName, after: bigint, note: string): Promise<string>
  /**
   * Keeps a timestamp token (RFC 3161, DER) over the bytes of the note of this size. The first one
   * stays: a second is as good and says nothing new.
   */
  putTimestamp(log: LogName, size: bigint, token: Uint8Array): Promise<void>
  getTimestamp(log: LogName, size: bigint): Promise<Uint8Array | undefined>
  /** Incarnations of an organisation that have a note, oldest first (UUIDv7 order). */
  incarnations(organizationId: string): Promise<readonly string[]>
  /** Every log of an organisation that has a note, each once. */
  logs(): AsyncIterable<OrganizationLog>
  /**
   * Keeps the leaf `index` of the deployment's log; durable once it resolves. False when another text
   * is there already: somebody else was first, and the next index is to be tried. True when the same
   * text is there: a write whose answer was lost can be repeated.
   */
  putEntry(index: bigint, entry: string): Promise<boolean>
  /** Leaves of the deployment's log from an index on, in order, until the first that is missing. */
  entries(from: bigint): AsyncIterable<string>
}

/** The store holds another checkpoint of the same log and size. */
export class CheckpointConflictError extends Error {
  override readonly name = 'CheckpointConflictError'
}

const MAX_SIZE = 2n ** 63n - 1n

/**
 * The parts of a path of a log: names from outside become parts only when they are UUIDs.
 * Throws AppError INVALID_INPUT.
 */
export function logPath(log: LogName): readonly string[] {
  if (log === 'deployment') return ['deployment']
  return [...organizationPath(log.organizationId), uuid(log.incarnation)]
}

export function organizationPath(organizationId: string): readonly string[] {
  return ['organizations', uuid(organizationId)]
}

/** A number of a log as 19 decimal digits, so that names order like numbers. */
export function nineteenDigits(value: bigint): string {
  if (value < 0n || value > MAX_SIZE)
    throw new AppError('INVALID_INPUT', 'the size is out of range')
  return String(value).padStart(19, '0')
}

/** The same of the size of a checkpoint, which is never 0. */
export function checkpointDigits(size: bigint): string {
  return nineteenDigits(size < 1n ? -1n : size)
}

/** What a note says and signs: all before the blank line that ends it (C2SP signed-note). */
export function signedText(note: string): string {
  return note.slice(0, note.lastIndexOf('\n\n') + 1)
}

/** Throws CheckpointConflictError unless two notes of one log and size say the same. */
export function assertSameCheckpoint(stored: string, given: string): void {
  if (stored === given) return
  if (signedText(stored) !== '' && signedText(stored) === signedText(given)) return
  throw new CheckpointConflictError('the store holds another checkpoint of this log and size')
}

function uuid(part: string): string {
  if (isUuid(part)) return part
  throw new AppError('INVALID_INPUT', 'the name of a log is made of UUIDs')
}
