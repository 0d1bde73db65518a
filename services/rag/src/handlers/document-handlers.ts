import { AppError, isUuid } from '@lexcustis/core'
import { DocumentDefinition } from '@lexcustis/proto/rag'
import { type BoundService, service } from '@lexcustis/rpc'
import { editorOf, readerOf } from '../domain/access.js'
import type { Owner } from '../domain/collection.js'
import type { Document, DocumentStore, Upload } from '../domain/document.js'
import type { UploadPart } from '../domain/ingest/read-upload.js'
import { readCursor, readLimit, readParts, toCursor, toDocumentMessage } from './encode.js'

export interface DocumentUseCases {
  readonly documents: Pick<DocumentStore, 'get' | 'list'>
  readonly read: (parts: AsyncIterable<UploadPart>) => Promise<Upload>
  readonly ingest: (
    owner: Owner,
    upload: Upload,
  ) => Promise<{ document: Document; existed: boolean }>
  readonly remove: (owner: Owner, id: string) => Promise<number>
}

export function documentHandlers(use: DocumentUseCases): BoundService {
  return service(DocumentDefinition, {
    ingestDocument: async (requests, call) => {
      const owner = editorOf(await call.tenant())
      const upload = await use.read(readParts(requests))
      // A stream that was cut off ends like one that was finished.
      if (call.signal.aborted) throw AppError.from(call.signal.reason)
      const { document, existed } = await use.ingest(owner, upload)
      return { document: toDocumentMessage(document), existed }
    },
    listDocuments: async ({ limit, cursor }, call) => {
      const owner = readerOf(await call.tenant())
      const page = await use.documents.list(owner, readLimit(limit), readCursor(cursor))
      return { documents: page.documents.map(toDocumentMessage), nextCursor: toCursor(page.last) }
    },
    getDocument: async ({ id }, call) => {
      const owner = readerOf(await call.tenant())
      const document = isUuid(id) ? await use.documents.get(owner, id) : undefined
      if (!document) throw new AppError('NOT_FOUND', 'there is no such document')
      return { document: toDocumentMessage(document) }
    },
    deleteDocument: async ({ id }, call) => {
      const owner = editorOf(await call.tenant())
      return { deletedChunks: await use.remove(owner, id) }
    },
  })
}
