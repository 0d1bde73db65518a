import { setImmediate } from 'node:timers/promises'
import { AppError } from '@lexcustis/core'
import { chunkText } from '../chunking/chunk-text.js'
import { chunkIdOf, type StoredChunk } from '../document.js'
import type { MediaType } from './media-type.js'
import type { DocumentParser, Page } from './parser.js'
import type { Claim, ClaimedDocument, WorkStore } from './work.js'

/** A file of headings alone could make millions. */
const MAX_CHUNKS = 250_000
const BATCH = 1_000
/** How many passages are cut before other work of this process gets its turn. */
const YIELD_EVERY = 50

/** Cuts a claimed document into passages and stores them. Throws as `indexDocument` does. */
export async function parseDocument(
  { work, parser }: { readonly work: WorkStore; readonly parser: DocumentParser },
  claim: Claim,
  document: ClaimedDocument,
  signal: AbortSignal,
): Promise<{ readonly language: string }> {
  const file = { bytes: await work.readBytes(claim), mediaType: document.mediaType as MediaType }
  const { text, isMarkdown, pages, language } = await parser.parse(file, signal)
  const pageOf = createPageOf(pages)
  let batch: StoredChunk[] = []
  let count = 0
  for (const chunk of chunkText(text, isMarkdown)) {
    if (++count > MAX_CHUNKS) {
      throw new AppError(
        'INVALID_INPUT',
        `the document has more than ${MAX_CHUNKS} passages; split it`,
      )
    }
    const id = chunkIdOf(claim.documentId, document.version, chunk.ordinal)
    batch.push({ ...chunk, id, page: pageOf(chunk.start) })
    if (count % YIELD_EVERY === 0) await setImmediate(undefined, { signal })
    if (batch.length === BATCH) {
      await work.addChunks(claim, batch)
      batch = []
    }
  }
  if (count === 0) throw new AppError('INVALID_INPUT', 'the document contains no text')
  if (batch.length > 0) await work.addChunks(claim, batch)
  return { language }
}

/** The page that a passage begins on; 0 without pages. Passages are asked for in order. */
function createPageOf(pages: readonly Page[]): (start: number) => number {
  const startOf = (index: number) => pages[index]?.start ?? Infinity
  let at = 0
  return (start) => {
    // An overlap begins a little before the end of the passage before it.
    while (at > 0 && startOf(at) > start) at -= 1
    while (startOf(at + 1) <= start) at += 1
    return startOf(at) <= start ? (pages[at]?.number ?? 0) : 0
  }
}
