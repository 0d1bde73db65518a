import type { Document, DocumentState } from '../domain/document.js'

/** Columns of rag.document that make a Document; `toDocument` reads them. */
export const DOCUMENT_COLUMNS =
  'id, name, media_type, size_bytes, sha256, version, state, reason, chunk_count, created_at, ' +
  'progress_e4, replaces, replaced_by, language, dated_at, source'

export interface DocumentRow {
  readonly id: string
  readonly name: string
  readonly media_type: string
  readonly size_bytes: bigint
  readonly sha256: Buffer
  readonly version: number
  readonly state: DocumentState
  readonly reason: string
  readonly chunk_count: number
  readonly created_at: Date
  readonly progress_e4: number
  readonly replaces: string | null
  readonly replaced_by: string | null
  readonly language: string
  readonly dated_at: Date | null
  readonly source: string
}

export function toDocument(row: DocumentRow): Document {
  return {
    id: row.id,
    name: row.name,
    mediaType: row.media_type,
    sizeBytes: row.size_bytes,
    sha256: row.sha256,
    version: row.version,
    state: row.state,
    reason: row.reason,
    chunkCount: row.chunk_count,
    createdAt: row.created_at,
    progressE4: row.progress_e4,
    replaces: row.replaces ?? undefined,
    replacedBy: row.replaced_by ?? undefined,
    language: row.language,
    datedAt: row.dated_at ?? undefined,
    source: row.source,
  }
}
