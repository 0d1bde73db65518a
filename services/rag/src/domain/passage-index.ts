import type { Owner } from './collection.js'
import type { Embedding } from './embedder.js'

/** What the index holds of a passage; the passage itself stays in the database. */
export interface IndexEntry {
  readonly chunkId: string
  readonly documentId: string
  /** Of the document, ISO 639-1; empty when unknown. */
  readonly language: string
  /** Of the document; undefined when unknown. */
  readonly datedAt: Date | undefined
  /** Without white space inside; see `indexTerms`. */
  readonly terms: readonly string[]
  /** Undefined without an embedding model. */
  readonly embedding: Embedding | undefined
}

/** All of it has to hold; what is undefined holds always. */
export interface IndexFilter {
  readonly documentIds?: readonly string[] | undefined
  readonly languages?: readonly string[] | undefined
  /** At this time or later. Entries without a date satisfy neither bound. */
  readonly datedFrom?: Date | undefined
  readonly datedBefore?: Date | undefined
}

export interface IndexQuery {
  readonly terms: readonly string[]
  /** Undefined without an embedding model: terms alone decide. */
  readonly embedding: Embedding | undefined
  readonly filter: IndexFilter
  readonly limit: number
}

/** A place in the list of one way of searching. */
export interface Place {
  /** From 1. */
  readonly rank: number
  readonly score: number
}

export interface IndexHit {
  readonly chunkId: string
  /**
   * Without an embedding: that of `sparse`. With one: reciprocal rank fusion of all ways of searching
   * (Cormack, Clarke and Büttcher, SIGIR 2009).
   */
  readonly score: number
  /** By terms: BM25 (k1 1.2, b 0.75) within the collection. */
  readonly sparse: Place | undefined
  /** By meaning: cosine similarity. */
  readonly dense: Place | undefined
}

/**
 * Finds passages by their terms and their meaning, one collection per owner. Every operation is bound
 * to one owner and reaches no other's entries. A collection comes into being with its first entries.
 */
export interface PassageIndex {
  /** Adds entries; they can be found after `commit`. Adding an entry again replaces it. */
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
