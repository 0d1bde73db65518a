import type { OrganizationLog } from '../checkpoint-store.js'
import type { Head, SealedBytes, StoredContent } from '../ports.js'
import type { StoredBytes } from '../signing/ports.js'

/** Reads one log for an export, a page at a time. Every list is in sequence order. */
export interface ExportReader {
  /** The newest record of the organisation's newest log. */
  head(organizationId: string): Promise<Head | undefined>
  /** At most `limit` records with from ≤ sequence < to. */
  records(
    log: OrganizationLog,
    from: bigint,
    to: bigint,
    limit: number,
  ): Promise<readonly SealedBytes[]>
  /** The first record at or behind a sequence. */
  firstFrom(
    log: OrganizationLog,
    sequence: bigint,
  ): Promise<{ readonly sequence: bigint; readonly recordedAt: string } | undefined>
  /** Genesis and every key.announced below a sequence. */
  keyRecords(log: OrganizationLog, below: bigint): Promise<readonly SealedBytes[]>
  /** At most `limit` records that authorise an erasure, from a sequence on. */
  erasing(log: OrganizationLog, from: bigint, limit: number): Promise<readonly StoredBytes[]>
  /** Encrypted bytes that each record with from ≤ sequence < to has in the vault, where it has some. */
  contentSizes(
    log: OrganizationLog,
    from: bigint,
    to: bigint,
  ): Promise<readonly { readonly sequence: bigint; readonly sizeBytes: number }[]>
  contents(log: OrganizationLog, from: bigint, to: bigint): Promise<readonly StoredContent[]>
  /** Where the log begins after old records were pruned; 0 when none were. */
  minimumIndex(log: OrganizationLog): Promise<bigint>
}

/** Files that go into every bundle as they are. */
export interface ShippedFile {
  /** Path in the bundle. */
  readonly path: string
  readonly text: string
}

/** Some bytes of a member of a bundle; members come one after another. */
export interface Piece {
  readonly member: string
  readonly data: Buffer
}
