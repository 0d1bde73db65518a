import {
  type Faults,
  incarnationOf,
  isPrefix,
  logOf,
  partsOf,
  type Pending,
  type Row,
  type State,
} from './state.js'

/** What keeps the log in one piece. Each can be broken, to see what it is for. */
export interface Rules {
  /** `session`: an advisory lock that is given back before COMMIT. */
  readonly lock: 'transaction' | 'session' | 'none'
  /** `before-lock`: in the lock's statement or snapshot. `cached`: kept from the last batch. */
  readonly head: 'after-lock' | 'before-lock' | 'cached'
  /** With a cached head: an empty log gets its genesis under the lock. */
  readonly genesis: 'locked' | 'unlocked'
  /** With a cached head: what a lost connection does to it. */
  readonly cache: 'per-connection' | 'kept'
  readonly primaryKey: boolean
  readonly onConflict: 'refuse' | 'do-nothing'
  readonly acknowledge: 'after-commit' | 'before-commit'
  /** After a connection was lost. */
  readonly recovery: 'look' | 'assume-written' | 'new-ids'
  /**
   * When the database is compared with the store, which is read before the head.
   * `per-connection`: before the first write of each connection.
   * `per-process`: before the first write, and when the head is behind the size known from then.
   * `before-connecting`: like the first, with the store read before the connection is opened.
   */
  readonly guard: 'per-connection' | 'per-process' | 'before-connecting' | 'none'
  readonly publisherCompares: boolean
  /** `memory`: what writers are about to commit as well, instead of the bytes that are read back. */
  readonly publisherSource: 'database' | 'memory'
  readonly publisherReads: 'store-first' | 'database-first'
  /**
   * `next`: the store takes a checkpoint only as the successor of the one it was compared with.
   * `size`: it takes one per size, and none is replaced. `overwrite`: it replaces.
   */
  readonly put: 'next' | 'size' | 'overwrite'
  /** What the ceremony's incarnation is, by which the newest log is found. */
  readonly ceremony: 'largest-incarnation' | 'clock-set-back'
}

/** The protocol as the service follows it. */
export const SAFE: Rules = {
  lock: 'transaction',
  head: 'after-lock',
  genesis: 'locked',
  cache: 'per-connection',
  primaryKey: true,
  onConflict: 'refuse',
  acknowledge: 'after-commit',
  recovery: 'look',
  guard: 'per-connection',
  publisherCompares: true,
  publisherSource: 'database',
  publisherReads: 'store-first',
  put: 'next',
  ceremony: 'largest-incarnation',
}

export interface Config {
  readonly rules: Rules
  /** Per writer, the ids it is asked to append; the same id twice: a caller that asked both. */
  readonly todo: readonly (readonly string[])[]
  readonly maxBatch: number
  readonly publishers: number
  readonly faults: Partial<Faults>
  /** Starts without a genesis. */
  readonly isNew?: boolean
  /**
   * Joins the steps that no other process can see: connecting with reading the store, and what is done
   * under the lock before COMMIT. Sound where a lock is held until then; others wait for it, and a
   * fault in between leaves what one before it leaves.
   */
  readonly isCoarse?: boolean
}

/** Whether the advisory lock can be had. */
export function isFree({ lock, orphans }: State): boolean {
  return lock === null && !orphans.some(({ hasLock }) => hasLock)
}

/** Makes rows durable. Says what is broken when they should have been refused. */
export function commit(state: State, { rows, known }: Pending, { onConflict }: Rules): State {
  const added =
    onConflict === 'do-nothing' ? rows.filter((row) => !isTaken(state.database, row)) : rows
  const database = [...state.database, ...added]
  const incarnation = incarnationOf(rows)
  const log = logOf(database, incarnation)
  const isClosed = state.database.some((row) => partsOf(row).incarnation > incarnation)
  // A checkpoint that was published while its records were still there was there to be read by every
  // connection made since they went; a late one only by those that read the store after it.
  const isUnnoticed = state.store.some(
    (checkpoint, index) =>
      (!checkpoint.isLate || index < known) &&
      incarnationOf(checkpoint.rows) === incarnation &&
      !isPrefix(checkpoint.rows, log),
  )
  return isClosed || isUnnoticed
    ? { ...state, database, broken: 'a restored database took a write' }
    : { ...state, database }
}

function isTaken(rows: readonly Row[], row: Row): boolean {
  const { incarnation, sequence, id } = partsOf(row)
  return rows.some((other) => {
    const parts = partsOf(other)
    return parts.id === id || (parts.incarnation === incarnation && parts.sequence === sequence)
  })
}

/** Whether a constraint refuses a row beside these. */
export function isRefused(rows: readonly Row[], row: Row, { primaryKey }: Rules): boolean {
  const { incarnation, sequence, id } = partsOf(row)
  return rows.some((other) => {
    const parts = partsOf(other)
    const isSamePlace = parts.incarnation === incarnation && parts.sequence === sequence
    return parts.id === id || (primaryKey && isSamePlace)
  })
}
