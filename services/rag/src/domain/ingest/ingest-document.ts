import { AppError } from '@lexcustis/core'
import type { Owner } from '../collection.js'
import type { Document, DocumentStore, Upload } from '../document.js'

interface IngestPorts {
  readonly documents: Pick<DocumentStore, 'insert'>
  /** There is work; called once the file is durable. */
  readonly wake: () => void
}

/**
 * Stores a file; parsing follows. It can be repeated: the same file under the same id, or in the same
 * place, gets the document that is there; a different one under a known id is a CONFLICT.
 */
export function ingestDocument({ documents, wake }: IngestPorts) {
  return async (
    owner: Owner,
    upload: Upload,
  ): Promise<{ document: Document; existed: boolean }> => {
    const { document, isNew } = await documents.insert(owner, upload)
    if (!isNew && !document.sha256.equals(upload.sha256)) {
      throw new AppError('CONFLICT', 'another file was already stored under this id')
    }
    if (isNew) wake()
    return { document, existed: !isNew }
  }
}
