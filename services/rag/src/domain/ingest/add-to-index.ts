import { setImmediate } from 'node:timers/promises'
import type { PassageIndex } from '../passage-index.js'
import { indexTerms, searchableText, wordsOf } from '../terms.js'
import type { Claim, ClaimedDocument, WorkStore } from './work.js'

const BATCH = 1_000
/** How many passages are analysed before other work of this process gets its turn. */
const YIELD_EVERY = 50

/** Adds the stored passages of a claimed document to the index; returns their number. */
export async function addToIndex(
  { work, index }: { readonly work: WorkStore; readonly index: PassageIndex },
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
        language: '',
        datedAt: undefined,
        embedding: undefined,
        terms: indexTerms(wordsOf(text)),
      })
      if (at % YIELD_EVERY === 0) await setImmediate(undefined, { signal })
    }
    await index.add(claim.owner, entries)
    count += chunks.length
    await work.setProgress(claim, count)
  }
}
