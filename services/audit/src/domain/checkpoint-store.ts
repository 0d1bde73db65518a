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
  /** Incarnations of an organisation that have a note, oldest first (UUIDv7 order). */
  incarnations(organizationId: string): Promise<readonly string[]>
  /** Every log of an organisation that has a note, each once. */
  logs(): AsyncIterable<OrganizationLog>
  /**
   * Keeps the leaf `index` of the deployment's log; durable once it resolves. False when another text
   * is there already: somebody else was first, and the next index is to be tried.
   */
  putEntry(index: bigint, entry: string): Promise<boolean>
  /** Leaves of the deployment's log from an index on, in order, until the first that is missing. */
  entries(from: bigint): AsyncIterable<string>
}

/** The store holds another checkpoint of the same log and size. */
export class CheckpointConflictError extends Error {
  override readonly name = 'CheckpointConflictError'
}
