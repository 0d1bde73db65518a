import { uuidv7 } from '@lexcustis/core'
import type { ImportSharedRequest } from '@lexcustis/proto/rag'
import { callContext } from '../adapters/peers.js'
import type { App } from '../app.js'
import { principalOf, requirePermission } from '../plugins/access.js'
import { AcceptedDocument, DocumentView, toDocumentView } from './document-view.js'
import type { GatewayDeps } from './gateway-deps.js'
import { page, PageQuery } from './schemas.js'
import { openUpload, registerUploads, type Upload, UPLOAD_TIMEOUT_MS } from './upload.js'

const READ_TIMEOUT_MS = 10_000

/** `/api/v1/knowledge`: the shared knowledge base, which belongs to no organisation's log. */
export function knowledgeRoutes(app: App, deps: Pick<GatewayDeps, 'peers' | 'tokens'>): void {
  registerUploads(app, (scope) => importRoute(scope, deps))

  app.get(
    '/api/v1/knowledge',
    {
      ...requirePermission('knowledge.read'),
      schema: {
        tags: ['operator'],
        summary: 'Documents shared with every organisation, newest first',
        querystring: PageQuery,
        response: { 200: page(DocumentView) },
      },
    },
    async (request) => {
      const { limit, cursor = '' } = request.query
      const { documents, nextCursor } = await deps.peers.rag.knowledge.listShared(
        { limit, cursor },
        await callContext(deps.tokens, principalOf(request), 'rag', { timeoutMs: READ_TIMEOUT_MS }),
      )
      return { items: documents.map(toDocumentView), next_cursor: nextCursor || null }
    },
  )
}

function importRoute(app: App, { peers, tokens }: Pick<GatewayDeps, 'peers' | 'tokens'>): void {
  app.post(
    '/api/v1/knowledge',
    {
      ...requirePermission('knowledge.write'),
      schema: {
        tags: ['operator'],
        summary: 'Share a document with every organisation: one part named file',
        consumes: ['multipart/form-data'],
        response: { 202: AcceptedDocument },
      },
    },
    async (request, reply) => {
      const upload = await openUpload(request)
      const { document } = await peers.rag.knowledge.importShared(
        importMessages(upload),
        await callContext(tokens, principalOf(request), 'rag', { timeoutMs: UPLOAD_TIMEOUT_MS }),
      )
      const { id, name, media_type, size_bytes, state } = toDocumentView(document)
      return reply.code(202).send({ id, name, media_type, size_bytes, state })
    },
  )
}

async function* importMessages(upload: Upload): AsyncGenerator<ImportSharedRequest> {
  const { name, mediaType } = upload
  const unknown = { replaces: '', language: '', datedAt: undefined, source: '' }
  yield { part: { $case: 'header', value: { id: uuidv7(), name, mediaType, ...unknown } } }
  const accept = async () => undefined
  for await (const value of upload.bytes(accept)) yield { part: { $case: 'data', value } }
}
