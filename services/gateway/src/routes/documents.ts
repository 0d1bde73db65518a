import type { FastifyRequest } from 'fastify'
import { AppError, uuidv7 } from '@lexcustis/core'
import type { IngestDocumentRequest, IngestDocumentResponse } from '@lexcustis/proto/rag'
import { z } from 'zod'
import { callContext } from '../adapters/peers.js'
import type { App } from '../app.js'
import type { AuditEvent } from '../domain/audit-trail.js'
import type { TenantPrincipal } from '../domain/principal.js'
import { requirePermission, tenantOf } from '../plugins/access.js'
import { registerDocumentEvents } from './document-events.js'
import { DescriptionQuery, type DescribedUpload, fromDescription } from './document-description.js'
import { AcceptedDocument, DocumentView, toDocumentView } from './document-view.js'
import type { GatewayDeps } from './gateway-deps.js'
import { asNotFound, IdParams, page, PageQuery, readId } from './schemas.js'
import {
  type FileFacts,
  openUpload,
  registerUploads,
  type Upload,
  UPLOAD_TIMEOUT_MS,
} from './upload.js'

const READ_TIMEOUT_MS = 10_000
const DELETE_TIMEOUT_MS = 60_000

/** `/api/v1/documents`. */
export function documentsRoutes(app: App, deps: GatewayDeps): void {
  registerUploads(app, (scope) => uploadRoute(scope, deps))
  readRoutes(app, deps)
  deleteRoute(app, deps)
  registerDocumentEvents(app, deps)
}

function uploadRoute(app: App, deps: GatewayDeps): void {
  app.post(
    '/api/v1/documents',
    {
      ...requirePermission('documents.write'),
      schema: {
        tags: ['documents'],
        summary: 'Upload a document: multipart/form-data with one part named file',
        consumes: ['multipart/form-data'],
        querystring: DescriptionQuery,
        response: { 202: AcceptedDocument },
      },
    },
    async (request, reply) => {
      const upload = await openUpload(request)
      const { document } = await ingest(deps, request, upload, fromDescription(request.query))
      const { id, name, media_type, size_bytes, state } = toDocumentView(document)
      return reply.code(202).send({ id, name, media_type, size_bytes, state })
    },
  )
}

/**
 * Streams the file to rag. The record is written when all bytes have passed and before rag is told
 * that these were all, so a document can be searched only if the log knows it. When rag fails after
 * that, the document is removed, should it be there, and a second record takes the first one back.
 */
async function ingest(
  { peers, tokens, trail }: GatewayDeps,
  request: FastifyRequest,
  upload: Upload,
  described: DescribedUpload,
): Promise<IngestDocumentResponse> {
  const principal = tenantOf(request)
  const id = uuidv7()
  const progress: { recordId?: string } = {}
  const record = async (facts: FileFacts): Promise<void> => {
    progress.recordId = await trail.record(principal, documentIngested(id, upload, facts))
  }
  const { documents } = peers.rag
  const contextOf = async (timeoutMs: number) =>
    callContext(tokens, principal, 'rag', { timeoutMs })
  const takeBack = async () => {
    if (progress.recordId) await trail.takeBack(principal, progress.recordId, documentDeleted(id))
  }
  try {
    const answer = await documents.ingestDocument(
      ingestMessages(id, upload, described, record),
      await contextOf(UPLOAD_TIMEOUT_MS),
    )
    // The same file was there already, under another id: this one never came to be.
    if (answer.existed && answer.document?.id !== id) await takeBack()
    return answer
  } catch (error) {
    const { recordId } = progress
    if (recordId === undefined) throw error
    const isGone = await documents
      .deleteDocument({ id }, await contextOf(DELETE_TIMEOUT_MS))
      .catch(ifStillThere)
      .then(
        () => true,
        () => false,
      )
    if (isGone) await takeBack()
    throw error
  }
}

async function* ingestMessages(
  id: string,
  upload: Upload,
  described: DescribedUpload,
  record: (facts: FileFacts) => Promise<void>,
): AsyncGenerator<IngestDocumentRequest> {
  const { name, mediaType } = upload
  yield { part: { $case: 'header', value: { id, name, mediaType, ...described } } }
  for await (const value of upload.bytes(record)) yield { part: { $case: 'data', value } }
}

function readRoutes(app: App, { peers, tokens }: GatewayDeps): void {
  const contextOf = async (principal: TenantPrincipal) =>
    callContext(tokens, principal, 'rag', { timeoutMs: READ_TIMEOUT_MS })

  app.get(
    '/api/v1/documents',
    {
      ...requirePermission('documents.read'),
      schema: {
        tags: ['documents'],
        summary: 'Documents of the organisation, newest first',
        querystring: PageQuery,
        response: { 200: page(DocumentView) },
      },
    },
    async (request) => {
      const { limit, cursor = '' } = request.query
      const { documents, nextCursor } = await peers.rag.documents.listDocuments(
        { limit, cursor },
        await contextOf(tenantOf(request)),
      )
      return { items: documents.map(toDocumentView), next_cursor: nextCursor || null }
    },
  )

  app.get(
    '/api/v1/documents/:id',
    {
      ...requirePermission('documents.read'),
      schema: {
        tags: ['documents'],
        summary: 'One document and where it stands',
        params: IdParams,
        response: { 200: DocumentView },
      },
    },
    async (request) => {
      const id = readId(request.params.id, 'document')
      const { document } = await peers.rag.documents
        .getDocument({ id }, await contextOf(tenantOf(request)))
        .catch(asNotFound('document'))
      return toDocumentView(document)
    },
  )
}

function deleteRoute(app: App, { peers, tokens, trail }: GatewayDeps): void {
  app.delete(
    '/api/v1/documents/:id',
    {
      ...requirePermission('documents.write'),
      schema: {
        tags: ['documents'],
        summary: 'Remove a document, its chunks and its vectors',
        params: IdParams,
        response: { 204: z.undefined().describe('Removed') },
      },
    },
    async (request, reply) => {
      const principal = tenantOf(request)
      const id = readId(request.params.id, 'document')
      const contextOf = async (timeoutMs: number) =>
        callContext(tokens, principal, 'rag', { timeoutMs })
      await peers.rag.documents
        .getDocument({ id }, await contextOf(READ_TIMEOUT_MS))
        .catch(asNotFound('document'))
      await trail.record(principal, documentDeleted(id))
      await peers.rag.documents
        .deleteDocument({ id }, await contextOf(DELETE_TIMEOUT_MS))
        .catch(ifStillThere)
      return reply.code(204).send()
    },
  )
}

/** Somebody else deleted it meanwhile: what was asked for is so. */
function ifStillThere(error: unknown): void {
  if (AppError.from(error).reason !== 'NOT_FOUND') throw error
}

/** The name is what a person wrote, so it stays out of the log; the hash identifies the file. */
function documentIngested(id: string, upload: Upload, facts: FileFacts): AuditEvent {
  return {
    type: 'document.ingested',
    attrs: {
      document: id,
      media_type: upload.mediaType,
      sha256: facts.sha256.toString('hex'),
      size_bytes: facts.sizeBytes,
    },
  }
}

function documentDeleted(id: string): AuditEvent {
  return { type: 'document.deleted', attrs: { document: id } }
}
