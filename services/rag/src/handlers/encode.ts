import { AppError, isUuid } from '@lexcustis/core'
import {
  Collection,
  type Document as DocumentMessage,
  DocumentState as State,
  type IngestDocumentRequest,
  type Passage,
  type ScoreExplanation,
} from '@lexcustis/proto/rag'
import type { Document, DocumentPosition, DocumentState } from '../domain/document.js'
import type { UploadPart } from '../domain/ingest/read-upload.js'
import type { Ranked } from '../domain/search/rank.js'

const STATES: Readonly<Record<DocumentState, State>> = {
  queued: State.QUEUED,
  parsing: State.PARSING,
  embedding: State.EMBEDDING,
  ready: State.READY,
  failed: State.FAILED,
}

export function toDocumentMessage(document: Document): DocumentMessage {
  const { state, replaces = '', replacedBy = '' } = document
  return { ...document, state: STATES[state], replaces, replacedBy }
}

/** `best` is the score of the best passage of the answer. */
export function toPassageMessage(ranked: Ranked, best: number): Passage {
  const { passage, source, score } = ranked
  return {
    documentId: passage.documentId,
    chunkId: passage.id,
    version: passage.version,
    title: passage.documentName,
    headingPath: [...passage.headingPath],
    text: passage.text,
    start: passage.start,
    end: passage.end,
    scoreE4: best > 0 ? Math.round((10_000 * score) / best) : 0,
    collection: source === 'organization' ? Collection.ORGANIZATION : Collection.SHARED,
    page: passage.page,
    language: passage.language,
    explanation: toExplanation(ranked),
  }
}

function toExplanation({ sparse, dense }: Ranked): ScoreExplanation {
  return {
    sparseRank: sparse?.rank ?? 0,
    denseRank: dense?.rank ?? 0,
    sparseE4: BigInt(Math.round(10_000 * (sparse?.score ?? 0))),
    denseE4: Math.round(10_000 * (dense?.score ?? 0)),
  }
}

/** Parts of an upload; both services that take files send the same messages. */
export async function* readParts(
  requests: AsyncIterable<IngestDocumentRequest>,
): AsyncGenerator<UploadPart> {
  for await (const { part } of requests) {
    if (part?.$case === 'header') yield { header: part.value }
    else yield part && { data: part.value }
  }
}

const MAX_PAGE = 200

export function readLimit(limit: number): number {
  if (limit >= 1 && limit <= MAX_PAGE) return limit
  throw new AppError('INVALID_INPUT', `the limit is not between 1 and ${MAX_PAGE}`)
}

export function toCursor(position: DocumentPosition | undefined): string {
  if (!position) return ''
  return Buffer.from(`${position.createdMicros}/${position.id}`).toString('base64url')
}

export function readCursor(cursor: string): DocumentPosition | undefined {
  if (cursor === '') return undefined
  const [micros = '', id = ''] = Buffer.from(cursor, 'base64url').toString('latin1').split('/')
  if (!/^\d{1,17}$/.test(micros) || !isUuid(id)) {
    throw new AppError('INVALID_INPUT', 'the cursor is not one that a page gave')
  }
  return { createdMicros: BigInt(micros), id }
}
