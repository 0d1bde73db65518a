import type { PassageIndex } from '../passage-index.js'
import type { Embedder } from '../embedder.js'
import { type Added, addToIndex } from './add-to-index.js'
import { parseDocument } from './parse-document.js'
import type { DocumentParser } from './parser.js'
import type { Claim, ClaimedDocument, WorkStore } from './work.js'

interface IndexPorts {
  readonly work: WorkStore
  readonly index: PassageIndex
  readonly parser: DocumentParser
  readonly embedder: Embedder | undefined
}

/**
 * Cuts a claimed document into passages and adds them to the index, up to but not including the
 * commit. Can be repeated from any point at which an earlier worker ended. Throws INVALID_INPUT for a document that will never work, ClaimLost, the reason of `signal`,
 * or what a store throws.
 */
export function indexDocument({ work, index, parser, embedder }: IndexPorts) {
  return async (claim: Claim, document: ClaimedDocument, signal: AbortSignal): Promise<Added> => {
    let { language } = document
    if (document.state === 'parsing') {
      await work.clearChunks(claim)
      const found = await parseDocument({ work, parser }, claim, document, signal)
      await work.setEmbedding(claim, found.language)
      if (language === '') language = found.language
    }
    if (claim.attempt > 1) await index.remove(claim.owner, claim.documentId)
    return addToIndex({ work, index, embedder }, claim, { ...document, language }, signal)
  }
}
