import type { Owner } from './collection.js'

/** What the index holds of a passage; the passage itself stays in the database. */
export interface IndexEntry {
  readonly chunkId: string
  readonly documentId: string
  /** Without white space inside; see `indexTerms`. */
  readonly terms: readonly string[]
}

export interface IndexQuery {
  readonly terms: readonly string[]
  /** Only these documents; undefined for all. */
  readonly documentIds: readonly string[] | undefined
  readonly limit: number
}

export interface IndexHit {
  readonly chunkId: string
  /** BM25 (k1 1.2, b 0.75) within the collection. */
  readonly score: number
}

/**
 * Finds passages by their terms, one collection per owner. Every operation is bound to one owner and
 * reaches no other's entries. A collection comes into being with its first entries.
 */
export interface PassageIndex {
  /** Adds entries; they can be found after `commit`. */
  add(owner: Owner, entries: readonly IndexEntry[]): Promise<void>
  /** Makes everything added findable, from every replica. */
  commit(owner: Owner): Promise<void>
  /** Removes every entry of a document; at once, without `commit`. */
  remove(owner: Owner, documentId: string): Promise<void>
  /** Best first; equal scores by chunk id. */
  search(owner: Owner, query: IndexQuery): Promise<IndexHit[]>
  /** Throws when the index cannot be used. */
  check(): Promise<void>
}
