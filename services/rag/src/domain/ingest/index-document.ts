import { setImmediate } from 'node:timers/promises'
import { AppError } from '@lexcustis/core'
import { chunkText } from '../chunking/chunk-text.js'
import { chunkIdOf, type StoredChunk } from '../document.js'
import type { PassageIndex } from '../passage-index.js'
import { indexTerms, searchableText, wordsOf } from '../terms.js'
import { decodeText } from './decode-text.js'
import type { Claim, ClaimedDocument, WorkStore } from './work.js'

/** A file of headings alone could make millions. */
const MAX_CHUNKS = 250_000
const BATCH = 1_000
/** How many passages are cut before other work of this process gets its turn. */
const YIELD_EVERY = 50

interface IndexPorts {
  readonly work: WorkStore
  readonly index: PassageIndex
}

/**
 * Cuts a claimed document into passages and adds them to the index, up to but not including the
 * commit. Can be repeated from any point at which an earlier worker ended. Returns the number of
 * passages. Throws INVALID_INPUT for a document that will never work, ClaimLost, the reason of `signal`,
 * or what a store throws.
 */
export function indexDocument({ work, index }: IndexPorts) {
  return async (claim: Claim, document: ClaimedDocument, signal: AbortSignal): Promise<number> => {
    if (document.state === 'parsing') {
      await work.clearChunks(claim)
      await parse(work, claim, document, signal)
      await work.setEmbedding(claim)
    }
    if (claim.attempt > 1) await index.remove(claim.owner, claim.documentId)
    return addToIndex({ work, index }, claim, document, signal)
  }
}

async function parse(
  work: WorkStore,
  claim: Claim,
  document: ClaimedDocument,
  signal: AbortSignal,
): Promise<void> {
  const text = decodeText(await work.readBytes(claim))
  let batch: StoredChunk[] = []
  let count = 0
  for (const chunk of chunkText(text, document.mediaType === 'text/markdown')) {
    if (++count > MAX_CHUNKS) {
      throw new AppError(
        'INVALID_INPUT',
        `the document has more than ${MAX_CHUNKS} passages; split it`,
      )
    }
    batch.push({ ...chunk, id: chunkIdOf(claim.documentId, document.version, chunk.ordinal) })
    if (count % YIELD_EVERY === 0) await setImmediate(undefined, { signal })
    if (batch.length === BATCH) {
      await work.addChunks(claim, batch)
      batch = []
    }
  }
  if (count === 0) throw new AppError('INVALID_INPUT', 'the document contains no text')
  if (batch.length > 0) await work.addChunks(claim, batch)
}

async function addToIndex(
  { work, index }: IndexPorts,
  claim: Claim,
  { name }: ClaimedDocument,
  signal: AbortSignal,
): Promise<number> {
  let count = 0
  for (;;) {
    const chunks = await work.readChunks(claim, count, BATCH)
    if (chunks.length === 0) return count
    const entries = []
    for (const [at, chunk] of chunks.entries()) {
      const text = searchableText({ ...chunk, documentName: name })
      entries.push({
        chunkId: chunk.id,
        documentId: claim.documentId,
        terms: indexTerms(wordsOf(text)),
      })
      if (at % YIELD_EVERY === 0) await setImmediate(undefined, { signal })
    }
    await index.add(claim.owner, entries)
    count += chunks.length
    await work.setProgress(claim, count)
  }
}
