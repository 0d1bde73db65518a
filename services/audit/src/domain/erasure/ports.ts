import type { LogReader } from '../ports.js'
import type { SequenceRange } from './ranges.js'

/** Where a record is. Incarnations ascend, and sequences within one: places are in order of writing. */
export interface Place {
  readonly incarnation: string
  readonly sequence: bigint
}

/** Part of a person's content. */
export interface ContentScope {
  readonly pid: string
  /** Undefined: all of them. */
  readonly fields: readonly string[] | undefined
  /** Only behind this place. */
  readonly after?: Place | undefined
  /** Only before this place. */
  readonly before?: Place | undefined
}

export interface ContentCount {
  readonly records: bigint
  readonly fields: bigint
  /** Place of the oldest of the records; undefined without any. */
  readonly oldest: Place | undefined
}

/** What an erasure has to know about one organisation. */
export interface ErasureReader extends Pick<LogReader, 'head' | 'byId' | 'list'> {
  /** Every log of the organisation, oldest first. */
  incarnations(organizationId: string): Promise<readonly string[]>
  pidOf(organizationId: string, subjectId: string): Promise<string | undefined>
  /** Who is behind a pseudonym, as long as anybody can tell. */
  subjectOf(organizationId: string, pid: string): Promise<string | undefined>
  /** Records with content in the vault, in order of writing, at most `limit`. */
  contentPlaces(
    organizationId: string,
    scope: ContentScope,
    limit: number,
  ): Promise<readonly Place[]>
  countContent(organizationId: string, scope: ContentScope): Promise<ContentCount>
  /** `ref` of those of these records that exist and have one, by id. */
  refsOf(organizationId: string, ids: readonly string[]): Promise<ReadonlyMap<string, string>>
  /** Those of these ids that are a record with such content, or that such a record refers to. */
  withContent(
    organizationId: string,
    scope: ContentScope,
    ids: readonly string[],
  ): Promise<readonly string[]>
  /** Bytes of the records at these places. */
  canonicals(
    organizationId: string,
    incarnation: string,
    ranges: readonly SequenceRange[],
  ): Promise<readonly Buffer[]>
}

/** Which request used which approval, once and for all. */
export interface ApprovalClaims {
  /** The request that used it, if one did. */
  find(organizationId: string, approvedBy: string): Promise<string | undefined>
  /** Throws CONFLICT when another request has the approval, or this request another approval. */
  take(organizationId: string, approvedBy: string, requestId: string): Promise<void>
}

/** Deletes, and can do nothing else. Each act is done once it resolves, and may be repeated. */
export interface Eraser {
  /**
   * Ciphertexts and salts of these records, of all fields or of some. Returns how many fields were
   * there. What authorises it must be durable before: `subject.erased` or `content.expired`.
   */
  eraseContent(
    organizationId: string,
    incarnation: string,
    ranges: readonly SequenceRange[],
    fields?: readonly string[],
  ): Promise<bigint>
  /**
   * Cuts the tie between a person and a pseudonym, while nobody appends: once this resolves, no record
   * gets this pseudonym any more.
   */
  forgetSubject(organizationId: string, pid: string): Promise<void>
  /** Deletes the data key of a pseudonym without content. False, and nothing done, when it has some. */
  deleteKey(organizationId: string, pid: string): Promise<boolean>
}
