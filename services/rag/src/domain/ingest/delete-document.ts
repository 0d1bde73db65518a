import { AppError, isUuid } from '@lexcustis/core'
import type { Owner } from '../collection.js'
import type { DocumentStore } from '../document.js'
import type { PassageIndex } from '../passage-index.js'

interface DeletePorts {
  readonly documents: Pick<DocumentStore, 'hide' | 'forget'>
  readonly index: Pick<PassageIndex, 'remove'>
  /** The index could not be reached; a worker tries again until it can. */
  readonly onLeftover: (error: unknown) => void
}

/**
 * Deletes a document: bytes and passages in one transaction, which ends its use in answers, then its
 * entries in the index. Returns the number of passages. Throws NOT_FOUND.
 */
export function deleteDocument({ documents, index, onLeftover }: DeletePorts) {
  return async (owner: Owner, id: string): Promise<number> => {
    const hidden = isUuid(id) ? await documents.hide(owner, id) : undefined
    if (!hidden) throw new AppError('NOT_FOUND', 'there is no such document')
    try {
      await index.remove(owner, id)
      // A worker that is at it may still add entries; then the trace stays until its lease ends.
      if (!hidden.isBeingWorkedOn) await documents.forget(owner, id)
    } catch (error) {
      onLeftover(error)
    }
    return hidden.chunkCount
  }
}
