/**
 * The state of the protocol of SPEC.md, sections 4 and 5, for one organisation. Plain JSON values, so
 * that two states are the same when their texts are.
 */

/**
 * A record: `<incarnation>/<sequence>/<id>/<sealed by>`. Its first three parts stand for the canonical
 * bytes, the last for what else is in them (clock, salts): two records are the same bytes, with the
 * same mac, when and only when the texts and those of all before them are equal. The last part names
 * the writer and how many restores there were; a writer that seals the same request for the same place
 * twice does so after finding that the first try was not written, so no two such are ever stored.
 */
export type Row = string

export interface RowParts {
  readonly incarnation: number
  readonly sequence: number
  readonly id: string
  /** What the caller asked for. An id beside it is one that a broken writer made up. */
  readonly request: string
}

const PARTS = new Map<Row, RowParts>()

export function partsOf(row: Row): RowParts {
  const known = PARTS.get(row)
  if (known) return known
  const [incarnation, sequence, id = ''] = row.split('/')
  const parts = {
    incarnation: Number(incarnation),
    sequence: Number(sequence),
    id,
    request: id.replaceAll("'", ''),
  }
  PARTS.set(row, parts)
  return parts
}

export interface Head {
  readonly incarnation: number
  readonly sequence: number
}

/** A transaction's rows, not yet committed. */
export interface Pending {
  readonly rows: readonly Row[]
  /** How many checkpoints the store had when this session was compared with it; -1: never. */
  readonly known: number
}

/** A transaction whose COMMIT was sent over a connection that its client has lost. */
export interface Orphan extends Pending {
  readonly hasLock: boolean
}

export type WriterPhase =
  'idle' | 'start' | 'store' | 'lock' | 'head' | 'settle' | 'insert' | 'commit' | 'reply'

/** A replica of the audit service: what its process remembers. */
export interface Writer {
  /** Ids that callers ask for until they have a receipt. They ask again after a crash. */
  readonly todo: readonly string[]
  readonly phase: WriterPhase
  readonly batch: readonly string[]
  readonly isConnected: boolean
  /** How many checkpoints the store had when it was read; -1: it was not. */
  readonly known: number
  readonly isCompared: boolean
  readonly isCareful: boolean
  readonly head: Head | null
  /** Rows that may have been written over a connection that was lost. */
  readonly unconfirmed: readonly Row[]
  /** Rows sealed in this attempt. */
  readonly sealed: readonly Row[]
  /** What callers will be told. */
  readonly receipts: readonly Row[]
}

/** A process that has just started. */
export const NEW_WRITER: Writer = {
  todo: [],
  phase: 'idle',
  batch: [],
  isConnected: false,
  known: -1,
  isCompared: false,
  isCareful: false,
  head: null,
  unconfirmed: [],
  sealed: [],
  receipts: [],
}

export type PublisherPhase = 'idle' | 'half' | 'put'

/** A signer: what its process remembers. There is no lease: any of them may sleep at any point. */
export interface Publisher {
  readonly phase: PublisherPhase
  /** How many checkpoints the store had when it was read. */
  readonly known: number
  /** The log as it was read. */
  readonly rows: readonly Row[]
  /** The database was restored after it was read. */
  readonly isStale: boolean
}

/** What was signed and stored: the tree's leaves stand for its root. */
export interface Checkpoint {
  readonly rows: readonly Row[]
  /** Published after a restore that took away what it covers. */
  readonly isLate: boolean
}

/** A committed record that a restore took away. */
export interface Destroyed {
  readonly row: Row
  /** A checkpoint covered it at that time. */
  readonly wasCovered: boolean
}

/** How many of each fault may still happen. */
export interface Faults {
  readonly crashes: number
  readonly disconnects: number
  readonly restores: number
}

export interface State {
  /** What is durable in the database, in the order of commits. */
  readonly database: readonly Row[]
  /** Who holds the advisory lock, except for an orphan that does. */
  readonly lock: number | null
  readonly orphans: readonly Orphan[]
  readonly writers: readonly Writer[]
  readonly publishers: readonly Publisher[]
  /** The checkpoint store, in the order of publication. */
  readonly store: readonly Checkpoint[]
  readonly nextIncarnation: number
  /** Somebody found that the database is not what the store says, and told the operators. */
  readonly isAlarmed: boolean
  readonly left: Faults
  /** Only for the invariants: no action looks at what follows. */
  readonly acknowledged: readonly Row[]
  readonly destroyed: readonly Destroyed[]
  readonly restores: number
  /** An invariant that an action broke. */
  readonly broken: string | null
}

export function incarnationOf(rows: readonly Row[]): number {
  return rows[0] === undefined ? -1 : partsOf(rows[0]).incarnation
}

/** The rows of one incarnation, by sequence. */
export function logOf(database: readonly Row[], incarnation: number): readonly Row[] {
  return database
    .filter((row) => partsOf(row).incarnation === incarnation)
    .sort((a, b) => partsOf(a).sequence - partsOf(b).sequence)
}

export function headOf(database: readonly Row[]): Head | null {
  let head: Head | null = null
  for (const row of database) {
    const { incarnation, sequence } = partsOf(row)
    const isNewer =
      !head ||
      incarnation > head.incarnation ||
      (incarnation === head.incarnation && sequence > head.sequence)
    if (isNewer) head = { incarnation, sequence }
  }
  return head
}

export function isPrefix(prefix: readonly Row[], rows: readonly Row[]): boolean {
  return prefix.length <= rows.length && prefix.every((row, index) => rows[index] === row)
}

/** The checkpoint of the largest size of the newest incarnation, among the first `known`. */
export function newestOf(
  store: readonly Checkpoint[],
  known = store.length,
): Checkpoint | undefined {
  let newest: Checkpoint | undefined
  for (const checkpoint of store.slice(0, known)) {
    const gap = newest ? incarnationOf(checkpoint.rows) - incarnationOf(newest.rows) : 1
    if (gap > 0 || (gap === 0 && newest && checkpoint.rows.length >= newest.rows.length)) {
      newest = checkpoint
    }
  }
  return newest
}

/** Whether a database is behind a checkpoint or differs from it. */
export function isDiverged(database: readonly Row[], newest: Checkpoint | undefined): boolean {
  if (!newest) return false
  const head = headOf(database)
  const incarnation = incarnationOf(newest.rows)
  if (!head || head.incarnation < incarnation) return true
  if (head.incarnation === incarnation) {
    return !isPrefix(newest.rows, logOf(database, incarnation))
  }
  // A restore ceremony closed the log that the checkpoint is of.
  return !database.some((row) => isSuccessor(row, head.incarnation))
}

/** A genesis that names a predecessor. */
export function isSuccessor(row: Row, incarnation: number): boolean {
  const { sequence, id, incarnation: own } = partsOf(row)
  return own === incarnation && sequence === 0 && id.startsWith('successor')
}
