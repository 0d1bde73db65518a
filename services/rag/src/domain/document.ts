import { createHash } from 'node:crypto'
import type { Owner } from './collection.js'

export type DocumentState = 'queued' | 'parsing' | 'embedding' | 'ready' | 'failed'

/** A document as its owner sees it. */
export interface Document {
  readonly id: string
  readonly name: string
  readonly mediaType: string
  readonly sizeBytes: bigint
  readonly state: DocumentState
  /** Why it failed; empty otherwise. */
  readonly reason: string
  /** Passages indexed so far. */
  readonly chunkCount: number
  readonly createdAt: Date
  readonly sha256: Buffer
  readonly version: number
  /** How much of it is done, 0 to 10000. */
  readonly progressE4: number
  /** The version before; undefined for the first. */
  readonly replaces: string | undefined
  /** The version after; undefined for the newest that is ready. */
  readonly replacedBy: string | undefined
  readonly language: string
  readonly datedAt: Date | undefined
  readonly source: string
}

/** What an upload says of its text. */
export interface Described {
  /** Id of the document that this is a new version of. */
  readonly replaces: string | undefined
  /** ISO 639-1; empty to have it recognised. */
  readonly language: string
  /** When the text was true or in force. */
  readonly datedAt: Date | undefined
  /** Where it is from; empty when unknown. */
  readonly source: string
}

/** A file that was read to its end and found acceptable. */
export interface Upload extends Described {
  readonly id: string
  readonly name: string
  readonly mediaType: string
  readonly sizeBytes: number
  readonly sha256: Buffer
  readonly parts: readonly Buffer[]
}

/** Where a page of documents goes on: below this one. */
export interface DocumentPosition {
  /** Microseconds since 1970. */
  readonly createdMicros: bigint
  readonly id: string
}

export interface DocumentStore {
  /**
   * Stores a file as queued. Returns the document that is there already when the id is taken, or when
   * one that did not fail has the same bytes, name and predecessor. NOT_FOUND when there is no
   * document to be replaced, CONFLICT when another one replaces it.
   */
  insert(owner: Owner, upload: Upload): Promise<{ document: Document; isNew: boolean }>
  get(owner: Owner, id: string): Promise<Document | undefined>
  /** Newest first. `last` is the position of the last one when there are more. */
  list(
    owner: Owner,
    limit: number,
    after: DocumentPosition | undefined,
  ): Promise<{ documents: Document[]; last: DocumentPosition | undefined }>
  /**
   * Hides a document for good and deletes its bytes and passages; what is left is for
   * `WorkStore.forget`. Undefined when there is none.
   */
  hide(
    owner: Owner,
    id: string,
  ): Promise<{ chunkCount: number; isBeingWorkedOn: boolean } | undefined>
  /** Removes the last trace of a hidden document, unless a worker still holds it. */
  forget(owner: Owner, id: string): Promise<void>
}

/** A passage as it is stored. Offsets are code points of the document's text. */
export interface StoredChunk {
  readonly id: string
  readonly ordinal: number
  readonly headingPath: readonly string[]
  readonly start: number
  readonly end: number
  /** Page it begins on, from 1; 0 when the document has no pages. */
  readonly page: number
  readonly text: string
}

/** A passage with the document it belongs to. */
export interface StoredPassage extends StoredChunk {
  readonly documentId: string
  readonly documentName: string
  readonly version: number
  /** ISO 639-1; empty when unknown. */
  readonly language: string
}

/** All of it has to hold; what is undefined holds always. Documents without a date have none. */
export interface PassageFilter {
  readonly languages: readonly string[] | undefined
  readonly datedFrom: Date | undefined
  readonly datedBefore: Date | undefined
}

/** Passages of documents that are ready and not replaced; ids of others are left out. Any order. */
export interface PassageStore {
  read(owner: Owner, chunkIds: readonly string[], filter: PassageFilter): Promise<StoredPassage[]>
}

/** The same passage of the same version has the same id: a UUIDv8 (RFC 9562, section 5.8) of SHA-256. */
export function chunkIdOf(documentId: string, version: number, ordinal: number): string {
  const hash = createHash('sha256').update(`${documentId}/${version}/${ordinal}`).digest()
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x80
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80
  const hex = hash.toString('hex', 0, 16)
  return [8, 12, 16, 20, 32].map((to, i) => hex.slice([0, 8, 12, 16, 20][i], to)).join('-')
}
