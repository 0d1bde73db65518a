import type { OrganizationLog } from '../checkpoint-store.js'

/** A full tile of the tree of one log. */
export interface Tile {
  /** Level L holds hashes of subtrees of height 8·L. */
  readonly level: number
  readonly index: bigint
  /** 256 hashes of 32 bytes. */
  readonly hashes: Uint8Array
  /** The hash over them. */
  readonly root: Uint8Array
}

/** The newest record of an organisation. */
export interface LogHead extends OrganizationLog {
  readonly sequence: bigint
  readonly recordedAt: string
}

/** What is stored of one log, as the database answers now. */
export interface TreeView {
  /** Number of records from sequence 0 on, without looking for gaps: newest sequence + 1. */
  count(): Promise<bigint>
  /** Canonical bytes of the records with from ≤ sequence < to, in order. */
  canonical(from: bigint, to: bigint): Promise<readonly StoredBytes[]>
  /**
   * Hashes of a tile, one after another: the full tile, or what there is of one that is not full yet,
   * from leaves or from the roots of the tiles below. Leaves are computed from the bytes of the
   * records, or, when what follows is compared with a signed root anyway, taken from their column.
   */
  tile(level: number, index: bigint, options?: TileOptions): Promise<Uint8Array>
  /** A record and its MAC, or undefined when there is none. */
  sealed(sequence: bigint): Promise<(StoredBytes & { readonly mac: Buffer }) | undefined>
  /** Records that say which keys the log is checked with: its genesis and every key.announced. */
  keyRecords(): Promise<readonly StoredBytes[]>
}

export interface TileOptions {
  readonly leaves?: 'computed' | 'stored'
  /** Entries that are wanted; 256 unless told. */
  readonly atMost?: number
}

export interface StoredBytes {
  readonly sequence: bigint
  readonly canonical: Buffer
}

export interface SigningTransaction extends TreeView {
  /** Keeps tiles; one that is there already stays. */
  keepTiles(tiles: readonly Tile[]): Promise<void>
}

export interface TreeStore {
  /**
   * Runs `use` while no other signer of the organisation does; undefined when another one is at work.
   * Whoever stops for longer than ten seconds loses its turn.
   */
  exclusively<T>(
    log: OrganizationLog,
    use: (tx: SigningTransaction) => Promise<T>,
  ): Promise<T | undefined>
  view<T>(log: OrganizationLog, use: (view: TreeView) => Promise<T>): Promise<T>
  /** The newest record of each organisation, ordered by organisation, after one. */
  heads(afterOrganization: string, atMost: number): Promise<readonly LogHead[]>
  head(organizationId: string): Promise<LogHead | undefined>
}
