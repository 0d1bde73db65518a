import { AppError } from '@lexcustis/core'
import type { Embedder, Embedding } from '../embedder.js'
import type { ClaimedDocument } from './work.js'

/**
 * Undefined when the model does not answer: a new document is then found by its terms alone, and embedded
 * later. For a document that is ready UNAVAILABLE is thrown.
 */
export async function embedPassages(
  embedder: Embedder,
  state: ClaimedDocument['state'],
  texts: readonly string[],
  signal: AbortSignal,
): Promise<readonly Embedding[] | undefined> {
  try {
    return await embedder.embed(texts, signal)
  } catch (error) {
    const isDown = error instanceof AppError && error.reason === 'UNAVAILABLE'
    if (isDown && state !== 'ready') return undefined
    throw error
  }
}
