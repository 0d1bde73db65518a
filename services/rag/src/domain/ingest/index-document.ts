import type { PassageIndex } from '../passage-index.js'
import { addToIndex } from './add-to-index.js'
import { parseDocument } from './parse-document.js'
import type { DocumentParser } from './parser.js'
import type { Claim, ClaimedDocument, WorkStore } from './work.js'

interface IndexPorts {
  readonly work: WorkStore
  readonly index: PassageIndex
  readonly parser: DocumentParser
}

/**
 * Cuts a claimed document into passages and adds them to the index, up to but not including the
 * commit. Can be repeated from any point at which an earlier worker ended. Returns the number of
 * passages. Throws INVALID_INPUT for a document that will never work, ClaimLost, the reason of `signal`,
 * or what a store throws.
 */
export function indexDocument({ work, index, parser }: IndexPorts) {
  return async (claim: Claim, document: ClaimedDocument, signal: AbortSignal): Promise<number> => {
    if (document.state === 'parsing') {
      await work.clearChunks(claim)
      const { language } = await parseDocument({ work, parser }, claim, document, signal)
      await work.setEmbedding(claim, language)
    }
    if (claim.attempt > 1) await index.remove(claim.owner, claim.documentId)
    return addToIndex({ work, index }, claim, document, signal)
  }
}
