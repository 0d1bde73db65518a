import { chunkIdOf } from '../document.js'
import type { DocumentParser } from './parser.js'
import type { Claim, ClaimedDocument, WorkStore } from './work.js'

const BATCH = 1_000

/**
 * Cuts a claimed document into passages and stores them; returns what else was found out about it.
 * Throws as `indexDocument` does.
 */
export async function parseDocument(
  { work, parser }: { readonly work: WorkStore; readonly parser: DocumentParser },
  claim: Claim,
  { mediaType, version }: ClaimedDocument,
  signal: AbortSignal,
): Promise<{ readonly language: string }> {
  const file = { bytes: await work.readBytes(claim), mediaType }
  const { passages, language } = await parser.parse(file, signal)
  for (let from = 0; from < passages.length; from += BATCH) {
    signal.throwIfAborted()
    const batch = passages.slice(from, from + BATCH)
    await work.addChunks(
      claim,
      batch.map((passage) => ({
        ...passage,
        id: chunkIdOf(claim.documentId, version, passage.ordinal),
      })),
    )
  }
  return { language }
}
