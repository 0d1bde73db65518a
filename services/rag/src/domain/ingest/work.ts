import type { Owner } from '../collection.js'
import type { StoredChunk } from '../document.js'

/** A document that this worker holds until its lease ends. */
export interface Claim {
  readonly owner: Owner
  readonly documentId: string
  /** Counts claims of this document, from 1; fences off a worker that was slower than its lease. */
  readonly attempt: number
}

/** What a worker needs to know about a claimed document. */
export interface ClaimedDocument {
  readonly name: string
  readonly mediaType: string
  readonly sizeBytes: number
  readonly version: number
  /** Of the upload, or as recognised once it was parsed. */
  readonly language: string
  readonly datedAt: Date | undefined
  /** `ready`: embedded with another model; it is embedded again and stays ready. */
  readonly state: 'parsing' | 'embedding' | 'ready'
}

/** The claim was lost: the document was deleted, or another worker took over. */
export class ClaimLost extends Error {
  override readonly name = 'ClaimLost'
}

/**
 * Work on documents of all organisations. Everything but `claim` is bound to one claim and throws
 * ClaimLost when it is no longer held.
 */
export interface WorkStore {
  /** The next document that waits; its state becomes parsing unless it had got further. */
  claim(leaseMs: number): Promise<Claim | undefined>
  /** The next document that is ready but was not embedded with this model. */
  claimOutdated(leaseMs: number, embeddingModel: string): Promise<Claim | undefined>
  renew(claim: Claim, leaseMs: number): Promise<void>
  /** Undefined when the document was deleted and only its index entries are left. */
  open(claim: Claim): Promise<ClaimedDocument | undefined>
  readBytes(claim: Claim): Promise<Buffer>
  /** Removes passages of an attempt that did not finish. */
  clearChunks(claim: Claim): Promise<void>
  addChunks(claim: Claim, chunks: readonly StoredChunk[]): Promise<void>
  /** Passages in order, from `ordinal`. */
  readChunks(claim: Claim, ordinal: number, limit: number): Promise<StoredChunk[]>
  /** `language`: as recognised; what the upload said stays. */
  setEmbedding(claim: Claim, language: string): Promise<void>
  /** So many passages are in the index. A document that is ready shows no progress. */
  setProgress(claim: Claim, chunkCount: number): Promise<void>
  /**
   * `embeddingModel`: what all passages are embedded with; empty for none. Returns the id of the version
   * that this one took the place of, if it did.
   */
  setReady(claim: Claim, chunkCount: number, embeddingModel: string): Promise<string | undefined>
  /** `reason` is shown to the owner. */
  setFailed(claim: Claim, reason: string): Promise<void>
  /** Gives the document back, to be claimed again after `delayMs`. */
  release(claim: Claim, delayMs: number): Promise<void>
  /** Removes the last trace of a deleted document. */
  forget(claim: Claim): Promise<void>
}
