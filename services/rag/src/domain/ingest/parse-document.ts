import { setImmediate } from 'node:timers/promises'
import { AppError } from '@lexcustis/core'
import { chunkText } from '../chunking/chunk-text.js'
import { chunkIdOf, type StoredChunk } from '../document.js'
import { decodeText } from './decode-text.js'
import type { Claim, ClaimedDocument, WorkStore } from './work.js'

/** A file of headings alone could make millions. */
const MAX_CHUNKS = 250_000
const BATCH = 1_000
/** How many passages are cut before other work of this process gets its turn. */
const YIELD_EVERY = 50

/** Cuts a claimed document into passages and stores them. Throws as `indexDocument` does. */
export async function parseDocument(
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
