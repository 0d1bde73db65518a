import { type Document, DocumentState } from '@lexcustis/proto/rag'
import { AppError } from '@lexcustis/core'
import { z } from 'zod'
import { Instant } from './schemas.js'

const STATES = {
  [DocumentState.QUEUED]: 'queued',
  [DocumentState.PARSING]: 'parsing',
  [DocumentState.EMBEDDING]: 'embedding',
  [DocumentState.READY]: 'ready',
  [DocumentState.FAILED]: 'failed',
} as const

const State = z.enum(Object.values(STATES))

export const AcceptedDocument = z.object({
  id: z.string(),
  name: z.string(),
  media_type: z.string(),
  size_bytes: z.number(),
  state: State,
})

export const DocumentView = AcceptedDocument.extend({
  reason: z.string().nullable().describe('Why it failed'),
  chunk_count: z.number(),
  sha256: z.string().describe('Of the file, 64 hex digits; `document.ingested` has the same'),
  progress: z.number().describe('How much of it is done, 0 to 10000'),
  version: z.number().describe('From 1; grows with each document that replaces the one before'),
  replaces: z.string().nullable().describe('Id of the version before'),
  replaced_by: z.string().nullable().describe('Id of the version after; this one is found no more'),
  language: z.string().nullable().describe('ISO 639-1'),
  dated_at: Instant.nullable().describe('When the text was true or in force'),
  source: z.string().nullable().describe('Where it is from'),
  created_at: Instant.nullable(),
})
export type DocumentView = z.output<typeof DocumentView>

export function toDocumentView(document: Document | undefined): DocumentView {
  if (!document) throw new AppError('INTERNAL', 'an answer without its document')
  if (document.state === DocumentState.UNSPECIFIED) {
    throw new AppError('INTERNAL', 'a document without a state')
  }
  return {
    id: document.id,
    name: document.name,
    media_type: document.mediaType,
    size_bytes: Number(document.sizeBytes),
    state: STATES[document.state],
    reason: document.reason || null,
    chunk_count: document.chunkCount,
    sha256: Buffer.from(document.sha256).toString('hex'),
    progress: document.progressE4,
    ...toDescription(document),
    created_at: document.createdAt?.toISOString() ?? null,
  }
}

/** Empty texts mean unknown. */
function toDescription(document: Document) {
  return {
    version: document.version,
    replaces: document.replaces || null,
    replaced_by: document.replacedBy || null,
    language: document.language || null,
    dated_at: document.datedAt?.toISOString() ?? null,
    source: document.source || null,
  }
}
