import { AppError } from '@lexcustis/core'
import { KnowledgeDefinition } from '@lexcustis/proto/rag'
import { type BoundService, service } from '@lexcustis/rpc'
import { requireOperator } from '../domain/access.js'
import { SHARED_OWNER } from '../domain/collection.js'
import type { DocumentUseCases } from './document-handlers.js'
import { readCursor, readLimit, readParts, toCursor, toDocumentMessage } from './encode.js'

/** The shared knowledge base: written by the operator, read by everyone. */
export function knowledgeHandlers(use: Omit<DocumentUseCases, 'remove'>): BoundService {
  return service(KnowledgeDefinition, {
    importShared: async (requests, call) => {
      requireOperator(await call.tenant())
      const upload = await use.read(readParts(requests))
      // A stream that was cut off ends like one that was finished.
      if (call.signal.aborted) throw AppError.from(call.signal.reason)
      return {
        document: toDocumentMessage(await use.ingest(SHARED_OWNER, upload)),
        existed: false,
      }
    },
    deleteShared: () => {
      throw new AppError('UNIMPLEMENTED', 'shared documents cannot be deleted yet')
    },
    listShared: async ({ limit, cursor }, call) => {
      await call.tenant()
      const page = await use.documents.list(SHARED_OWNER, readLimit(limit), readCursor(cursor))
      return { documents: page.documents.map(toDocumentMessage), nextCursor: toCursor(page.last) }
    },
  })
}
