import type { JsonValue, RecordType, StoredRecord } from '@lexcustis/evidence'

/** Closed schemas of the attributes. */
export interface AttrsSchemas {
  /** What is wrong with the attributes of this type, or undefined. Names places, never values. */
  check(type: RecordType, attrs: JsonValue): string | undefined
}

/** The newest record of an organisation's newest log. */
export interface Head {
  readonly incarnation: string
  readonly sequence: bigint
  readonly mac: Buffer
  readonly recordedAt: string
}

/** The newest record itself. */
export interface Tail extends Head {
  readonly canonical: Buffer
}

/** What a MAC is computed from, and the MAC. */
export type SealedBytes = Pick<StoredRecord, 'sequence' | 'canonical' | 'mac'>

/** A person or key behind its pseudonym. */
export interface Subject {
  readonly pid: string
  /** Its data key; undefined when there is none yet. */
  readonly key: WrappedKey | undefined
}

/** A data key, encrypted under a key that is derived from the master key `kid`. */
export interface WrappedKey {
  readonly kid: string
  readonly bytes: Buffer
}

/** One committed value in the vault. */
export interface ContentRow {
  readonly sequence: bigint
  readonly field: string
  readonly pid: string
  readonly salt: Buffer
  readonly nonce: Buffer
  readonly ciphertext: Buffer
}

/** What one transaction adds. */
export interface Batch {
  readonly incarnation: string
  /** Of every row. */
  readonly recordedAt: string
  readonly rows: readonly StoredRecord[]
  readonly contents: readonly ContentRow[]
  readonly newSubjects: readonly { readonly subjectId: string; readonly pid: string }[]
  readonly newKeys: readonly { readonly pid: string; readonly key: WrappedKey }[]
}

/** A record that is there already, with what is needed to compare a request with it. */
export interface KnownRecord {
  readonly incarnation: string
  readonly sequence: bigint
  readonly canonical: Buffer
  readonly leaf: Buffer
  /** Salts of its content that are still in the vault. */
  readonly salts: ReadonlyMap<string, Buffer>
}

/** Within the organisation's lock: nobody else appends until it ends. */
export interface LogTransaction {
  readonly tail: Tail | undefined
  /** Subject id → pseudonym and key, of those asked for that exist. */
  readonly subjects: ReadonlyMap<string, Subject>
  /**
   * Sends a batch; several follow each other as one. After the first there is nothing to be read any
   * more, and what refuses one is thrown by `write`.
   */
  insert(batch: Batch): void
  /** Records with one of these ids, and ends of one of these starts. */
  find(ids: readonly string[], ended: readonly string[]): Promise<readonly KnownRecord[]>
  /** Bytes of the genesis and of every key.announced record, in sequence order. */
  announcements(incarnation: string): Promise<readonly Buffer[]>
  /** At most `limit` records, the newest first. */
  newest(incarnation: string, limit: number): Promise<readonly SealedBytes[]>
  isStored(place: {
    readonly incarnation: string
    readonly sequence: bigint
    readonly mac: Buffer
  }): Promise<boolean>
}

export interface LogStore {
  /**
   * Runs `use` in one transaction that holds the organisation's lock and resolves once it is durable.
   * Throws TakenError when a place, an id or an end is taken, OutcomeUnknownError, or an AppError when
   * nothing was written.
   */
  write<T>(
    organizationId: string,
    subjectIds: readonly string[],
    use: (tx: LogTransaction) => Promise<T>,
  ): Promise<T>
}

/** A unique constraint refused the batch: a place, an id or an end is taken. Nothing was written. */
export class TakenError extends Error {
  override readonly name = 'TakenError'
}

/** The connection was lost: the batch was written or it was not. */
export class OutcomeUnknownError extends Error {
  override readonly name = 'OutcomeUnknownError'
}

/** A stored record and the log it is in. */
export interface LogEntry extends StoredRecord {
  readonly incarnation: string
}

export interface EntryFilter {
  readonly type: string | undefined
  readonly ref: string | undefined
}

export interface UnfinishedStart {
  readonly sequence: bigint
  /** When an end must be there: `ends_by`, or `recorded_at` when that is later. */
  readonly due: string
}

/** Reads one organisation's log. */
export interface LogReader {
  head(organizationId: string): Promise<Head | undefined>
  byId(organizationId: string, id: string): Promise<LogEntry | undefined>
  bySequence(
    organizationId: string,
    incarnation: string,
    sequence: bigint,
  ): Promise<LogEntry | undefined>
  /** At most `limit` records after a place, in sequence order. */
  list(
    organizationId: string,
    from: { readonly incarnation: string; readonly after: bigint },
    filter: EntryFilter,
    limit: number,
  ): Promise<readonly LogEntry[]>
  /** Every row with from ≤ sequence < to, repeated ones included, in order. */
  window(
    organizationId: string,
    incarnation: string,
    from: bigint,
    to: bigint,
  ): Promise<readonly StoredRecord[]>
  /** Starts with after < sequence < below that have no end yet, in order, at most `limit`. */
  unfinishedStarts(
    organizationId: string,
    incarnation: string,
    range: { readonly after: bigint; readonly below: bigint },
    limit: number,
  ): Promise<readonly UnfinishedStart[]>
  contents(
    organizationId: string,
    incarnation: string,
    sequence: bigint,
  ): Promise<readonly StoredContent[]>
}

/** A value in the vault and the key that opens it. */
export interface StoredContent extends ContentRow {
  readonly key: WrappedKey | undefined
}

/** Finds starts across organisations. */
export interface OverdueStarts {
  /** Starts without an end, due after one time and not after the other, oldest first. */
  find(
    dueAfter: string,
    dueBefore: string,
    atMost: number,
  ): Promise<readonly { readonly organizationId: string; readonly id: string }[]>
}
