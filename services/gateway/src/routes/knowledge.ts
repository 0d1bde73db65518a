import { uuidv7 } from '@lexcustis/core'
import type { ImportSharedRequest } from '@lexcustis/proto/rag'
import { callContext } from '../adapters/peers.js'
import { z } from 'zod'
import type { App } from '../app.js'
import { principalOf, requirePermission } from '../plugins/access.js'
import { DescriptionQuery, type DescribedUpload, fromDescription } from './document-description.js'
import { AcceptedDocument, DocumentView, toDocumentView } from './document-view.js'
import type { GatewayDeps } from './gateway-deps.js'
import { asNotFound, IdParams, page, PageQuery, readId } from './schemas.js'
import { openUpload, registerUploads, type Upload, UPLOAD_TIMEOUT_MS } from './upload.js'

const READ_TIMEOUT_MS = 10_000
const DELETE_TIMEOUT_MS = 60_000

const SharedDocument = AcceptedDocument.extend({
  existed: z
    .boolean()
    .describe('Whether the same bytes had that name and place already; then nothing was stored'),
})

/** `/api/v1/knowledge`: the shared knowledge base, which belongs to no organisation's log. */
export function knowledgeRoutes(app: App, deps: Pick<GatewayDeps, 'peers' | 'tokens'>): void {
  registerUploads(app, (scope) => importRoute(scope, deps))
  removeRoute(app, deps)

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

function removeRoute(app: App, { peers, tokens }: Pick<GatewayDeps, 'peers' | 'tokens'>): void {
  app.delete(
    '/api/v1/knowledge/:id',
    {
      ...requirePermission('knowledge.write'),
      schema: {
        tags: ['operator'],
        summary: 'Remove a shared document, its chunks and its vectors',
        params: IdParams,
        response: { 204: z.undefined().describe('Removed') },
      },
    },
    async (request, reply) => {
      const id = readId(request.params.id, 'document')
      const options = { timeoutMs: DELETE_TIMEOUT_MS }
      await peers.rag.knowledge
        .deleteShared({ id }, await callContext(tokens, principalOf(request), 'rag', options))
        .catch(asNotFound('document'))
      return reply.code(204).send()
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
        querystring: DescriptionQuery,
        response: { 200: SharedDocument, 202: SharedDocument },
      },
    },
    async (request, reply) => {
      const upload = await openUpload(request)
      const { document, existed } = await peers.rag.knowledge.importShared(
        importMessages(upload, fromDescription(request.query)),
        await callContext(tokens, principalOf(request), 'rag', { timeoutMs: UPLOAD_TIMEOUT_MS }),
      )
      const { id, name, media_type, size_bytes, state } = toDocumentView(document)
      const answer = { id, name, media_type, size_bytes, state, existed }
      return reply.code(existed ? 200 : 202).send(answer)
    },
  )
}

async function* importMessages(
  upload: Upload,
  described: DescribedUpload,
): AsyncGenerator<ImportSharedRequest> {
  const { name, mediaType } = upload
  yield { part: { $case: 'header', value: { id: uuidv7(), name, mediaType, ...described } } }
  const accept = async () => undefined
  for await (const value of upload.bytes(accept)) yield { part: { $case: 'data', value } }
}
