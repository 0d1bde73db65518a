import { setImmediate } from 'node:timers/promises'
import type { StoredChunk } from '../document.js'
import type { Embedder } from '../embedder.js'
import type { IndexEntry, PassageIndex } from '../passage-index.js'
import { indexTerms, searchableText, wordsOf } from '../terms.js'
import { embedPassages } from './embed-passages.js'
import type { Claim, ClaimedDocument, WorkStore } from './work.js'

const BATCH = 1_000
/** Embedding takes seconds where terms take milliseconds: progress is shown more often. */
const EMBEDDED_BATCH = 64
/** How many passages are analysed before other work of this process gets its turn. */
const YIELD_EVERY = 50

interface AddPorts {
  readonly work: WorkStore
  readonly index: PassageIndex
  /** Undefined without an embedding model. */
  readonly embedder: Embedder | undefined
}

/** What was added to the index. */
export interface Added {
  readonly chunkCount: number
  /** What every passage was embedded with; empty when at least one was not. */
  readonly embeddingModel: string
}

/**
 * Adds the stored passages of a claimed document to the index. Without an embedding model, and while it
 * does not answer, they can be found by their terms alone. Throws UNAVAILABLE instead for a document that
 * is ready: there is nothing to gain.
 */
export async function addToIndex(
  { work, index, embedder }: AddPorts,
  claim: Claim,
  document: ClaimedDocument,
  signal: AbortSignal,
): Promise<Added> {
  let usable = embedder
  let chunkCount = 0
  for (;;) {
    const chunks = await work.readChunks(claim, chunkCount, usable ? EMBEDDED_BATCH : BATCH)
    if (chunks.length === 0) return { chunkCount, embeddingModel: usable?.model ?? '' }
    const entries = await termsOf(claim, document, chunks, signal)
    const texts = chunks.map((chunk) => textOf(document, chunk))
    const embeddings = usable && (await embedPassages(usable, document.state, texts, signal))
    if (!embeddings) usable = undefined
    await index.add(
      claim.owner,
      entries.map((entry, at) => ({ ...entry, embedding: embeddings?.[at] })),
    )
    chunkCount += chunks.length
    await work.setProgress(claim, chunkCount)
  }
}

function textOf({ name }: ClaimedDocument, chunk: StoredChunk): string {
  return searchableText({ ...chunk, documentName: name })
}

async function termsOf(
  { documentId }: Claim,
  document: ClaimedDocument,
  chunks: readonly StoredChunk[],
  signal: AbortSignal,
): Promise<Omit<IndexEntry, 'embedding'>[]> {
  const { language, datedAt } = document
  const entries = []
  for (const [at, chunk] of chunks.entries()) {
    const terms = indexTerms(wordsOf(textOf(document, chunk)))
    entries.push({ chunkId: chunk.id, documentId, language, datedAt, terms })
    if (at % YIELD_EVERY === 0) await setImmediate(undefined, { signal })
  }
  return entries
}
