import type { Database } from '@lexcustis/postgres'
import type { Owner } from '../domain/collection.js'
import type { PassageFilter, PassageStore, StoredPassage } from '../domain/document.js'

interface PassageRow {
  readonly id: string
  readonly document_id: string
  readonly name: string
  readonly version: number
  readonly language: string
  readonly ordinal: number
  readonly heading_path: string[]
  readonly start_offset: number
  readonly end_offset: number
  readonly page: number
  readonly text: string
}

export class PgPassageStore implements PassageStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  async read(
    owner: Owner,
    chunkIds: readonly string[],
    { languages, datedFrom, datedBefore }: PassageFilter,
  ): Promise<StoredPassage[]> {
    const rows = await this.#database.tenant(owner, async (tx) =>
      tx.query<PassageRow>(
        `SELECT c.id, c.document_id, d.name, d.version, d.language, c.ordinal, c.heading_path,
                c.start_offset, c.end_offset, c.page, c.text
         FROM rag.chunk AS c
         JOIN rag.document AS d ON d.organization_id = c.organization_id AND d.id = c.document_id
         WHERE c.organization_id = $1 AND c.id = ANY ($2::uuid[])
           AND d.organization_id = $1 AND d.state = 'ready' AND d.deleted_at IS NULL
           AND d.replaced_by IS NULL
           AND ($3::text[] IS NULL OR d.language = ANY ($3))
           AND ($4::timestamptz IS NULL OR d.dated_at >= $4)
           AND ($5::timestamptz IS NULL OR d.dated_at < $5)`,
        [owner, chunkIds, languages ?? null, datedFrom ?? null, datedBefore ?? null],
      ),
    )
    return rows.map((row) => ({
      id: row.id,
      documentId: row.document_id,
      documentName: row.name,
      version: row.version,
      ordinal: row.ordinal,
      headingPath: row.heading_path,
      start: row.start_offset,
      end: row.end_offset,
      page: row.page,
      language: row.language,
      text: row.text,
    }))
  }
}
