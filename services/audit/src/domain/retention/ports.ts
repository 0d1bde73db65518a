import type { ErasureReader, Place } from '../erasure/ports.js'
import type { LogReader } from '../ports.js'
import type { RetentionDays, RetentionPolicy } from './policy.js'

/** Where one log begins since its older records were pruned. */
export interface Pruning {
  /** Records below it are gone, but for those that are never pruned. A multiple of 256. */
  readonly minimumIndex: bigint
  /** Records below it that stay. */
  readonly keptRecords: bigint
  /** MAC of the record before it. */
  readonly previousMac: Buffer
  /** The settings.changed record that announced it. */
  readonly recordId: string
  /** A signed checkpoint that covers that record. */
  readonly note: string
}

/** Part of one log: every sequence below, but for some. */
export interface Below {
  readonly organizationId: string
  readonly incarnation: string
  readonly below: bigint
  readonly except?: readonly bigint[]
}

export interface ContentFound {
  readonly records: bigint
  readonly fields: bigint
}

export interface RetentionReader
  extends
    Pick<ErasureReader, 'head' | 'byId' | 'list' | 'incarnations' | 'refsOf'>,
    Pick<LogReader, 'window' | 'unfinishedStarts'> {
  policy(organizationId: string): Promise<RetentionPolicy | undefined>
  /** The first record at a sequence or behind it. */
  firstFrom(
    organizationId: string,
    incarnation: string,
    sequence: bigint,
  ): Promise<{ readonly sequence: bigint; readonly recordedAt: string } | undefined>
  /** Sequences with content in the vault behind `after`, ascending, at most `limit`. */
  withContent(part: Below, after: bigint, limit: number): Promise<readonly bigint[]>
  countContent(part: Below): Promise<ContentFound>
  /** Records with one of these ids, and those that refer to one. */
  placesOf(organizationId: string, ids: readonly string[]): Promise<readonly Place[]>
  pruning(organizationId: string, incarnation: string): Promise<Pruning | undefined>
  /** Records that pruning would delete, and those it would keep. */
  countRecords(part: Below): Promise<{ readonly prunable: bigint; readonly kept: bigint }>
  /** A stored full tile of level 0, or undefined. */
  leafTile(
    organizationId: string,
    incarnation: string,
    index: bigint,
  ): Promise<Uint8Array | undefined>
}

export interface RetentionStore {
  /** Keeps a policy once; the same record again changes nothing. */
  keepPolicy(organizationId: string, policy: RetentionDays, approvedBy: string): Promise<void>
  /** Keeps a full tile of level 0, unless it is there. */
  keepLeafTile(
    organizationId: string,
    incarnation: string,
    index: bigint,
    hashes: Uint8Array,
  ): Promise<void>
  /** From here on the records below may be deleted. Nothing changes when it is published already. */
  publish(organizationId: string, incarnation: string, pruning: Pruning): Promise<void>
}

/** Deletes below what is published, and can do nothing else. */
export interface Pruner {
  /** Returns how many records are gone. May be repeated. */
  deleteBelow(part: Below): Promise<bigint>
}

/** Finds organisations that ever set a policy. */
export interface RetainedOrganizations {
  /** In order, behind one, at most some. */
  find(after: string, atMost: number): Promise<readonly string[]>
}
