import { AppError } from '@lexcustis/core'
import { KnowledgeDefinition } from '@lexcustis/proto/rag'
import { type BoundService, service } from '@lexcustis/rpc'
import { requireOperator } from '../domain/access.js'
import { SHARED_OWNER } from '../domain/collection.js'
import type { DocumentUseCases } from './document-handlers.js'
import { readCursor, readLimit, readParts, toCursor, toDocumentMessage } from './encode.js'

/** The shared knowledge base: written by the operator, read by everyone. */
export function knowledgeHandlers(use: DocumentUseCases): BoundService {
  return service(KnowledgeDefinition, {
    importShared: async (requests, call) => {
      requireOperator(await call.tenant())
      const upload = await use.read(readParts(requests))
      // A stream that was cut off ends like one that was finished.
      if (call.signal.aborted) throw AppError.from(call.signal.reason)
      const { document, existed } = await use.ingest(SHARED_OWNER, upload)
      return { document: toDocumentMessage(document), existed }
    },
    deleteShared: async ({ id }, call) => {
      requireOperator(await call.tenant())
      return { deletedChunks: await use.remove(SHARED_OWNER, id) }
    },
    listShared: async ({ limit, cursor }, call) => {
      await call.tenant()
      const page = await use.documents.list(SHARED_OWNER, readLimit(limit), readCursor(cursor))
      return { documents: page.documents.map(toDocumentMessage), nextCursor: toCursor(page.last) }
    },
  })
}
