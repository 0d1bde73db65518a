import type { Database, Queryable } from '@lexcustis/postgres'
import type { DocumentState, StoredChunk } from '../domain/document.js'
import {
  type Claim,
  type ClaimedDocument,
  ClaimLost,
  type WorkStore,
} from '../domain/ingest/work.js'

/** The claim is still held and the document still wanted. Parameters 1 to 3 are those of `keyOf`. */
const HELD = 'organization_id = $1 AND id = $2 AND attempt = $3 AND deleted_at IS NULL'

/** What is done of a document once its passages are cut, and in the end. */
const PARSED_E4 = 2_000
const DONE_E4 = 10_000

export class PgWorkStore implements WorkStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  async claim(leaseMs: number): Promise<Claim | undefined> {
    const [row] = await this.#database.query<ClaimRow>(
      'SELECT organization_id, document_id, attempt FROM rag.claim_document($1)',
      [leaseMs],
    )
    return row && toClaim(row)
  }

  async claimOutdated(leaseMs: number, embeddingModel: string): Promise<Claim | undefined> {
    const [row] = await this.#database.query<ClaimRow>(
      'SELECT organization_id, document_id, attempt FROM rag.claim_outdated_document($1, $2)',
      [leaseMs, embeddingModel],
    )
    return row && toClaim(row)
  }

  async renew(claim: Claim, leaseMs: number): Promise<void> {
    await this.#update(
      claim,
      "lease_until = clock_timestamp() + $4 * interval '1 millisecond'",
      [leaseMs],
      'AND lease_until IS NOT NULL',
    )
  }

  async open(claim: Claim): Promise<ClaimedDocument | undefined> {
    const [row] = await this.#database.tenant(claim.owner, async (tx) =>
      tx.query<{
        name: string
        media_type: string
        size_bytes: bigint
        version: number
        state: DocumentState
        language: string
        dated_at: Date | null
      }>(
        `SELECT name, media_type, size_bytes, version, state, language, dated_at FROM rag.document WHERE ${HELD}`,
        keyOf(claim),
      ),
    )
    return (
      row && {
        name: row.name,
        mediaType: row.media_type,
        sizeBytes: Number(row.size_bytes),
        version: row.version,
        language: row.language,
        datedAt: row.dated_at ?? undefined,
        state: row.state === 'embedding' || row.state === 'ready' ? row.state : 'parsing',
      }
    )
  }

  async readBytes(claim: Claim): Promise<Buffer> {
    const rows = await this.#database.tenant(claim.owner, async (tx) =>
      tx.query<{ bytes: Buffer }>(
        `SELECT bytes FROM rag.document_part
         WHERE organization_id = $1 AND document_id = $2 ORDER BY ordinal`,
        [claim.owner, claim.documentId],
      ),
    )
    // Deleted between the claim and now.
    if (rows.length === 0) throw new ClaimLost()
    return Buffer.concat(rows.map(({ bytes }) => bytes))
  }

  async clearChunks(claim: Claim): Promise<void> {
    await this.#held(claim, async (tx) =>
      tx.query('DELETE FROM rag.chunk WHERE organization_id = $1 AND document_id = $2', [
        claim.owner,
        claim.documentId,
      ]),
    )
  }

  async addChunks(claim: Claim, chunks: readonly StoredChunk[]): Promise<void> {
    await this.#held(claim, async (tx) =>
      tx.query(
        `INSERT INTO rag.chunk (organization_id, document_id, id, ordinal, heading_path,
                                start_offset, end_offset, page, text)
         SELECT $1, $2, c.id, c.ordinal,
                ARRAY(SELECT jsonb_array_elements_text(c.heading_path)), c.start_offset,
                c.end_offset, c.page, c.text
         FROM jsonb_to_recordset($3::jsonb) AS c (
           id uuid, ordinal integer, heading_path jsonb, start_offset integer,
           end_offset integer, page integer, text text)`,
        [claim.owner, claim.documentId, JSON.stringify(chunks.map(toRow))],
      ),
    )
  }

  async readChunks(claim: Claim, ordinal: number, limit: number): Promise<StoredChunk[]> {
    const rows = await this.#database.tenant(claim.owner, async (tx) =>
      tx.query<ReturnType<typeof toRow>>(
        `SELECT id, ordinal, heading_path, start_offset, end_offset, page, text FROM rag.chunk
         WHERE organization_id = $1 AND document_id = $2 AND ordinal >= $3
         ORDER BY ordinal LIMIT $4`,
        [claim.owner, claim.documentId, ordinal, limit],
      ),
    )
    return rows.map(({ heading_path, start_offset, end_offset, ...row }) => ({
      ...row,
      headingPath: heading_path,
      start: start_offset,
      end: end_offset,
    }))
  }

  async setEmbedding(claim: Claim, language: string): Promise<void> {
    const set = `state = 'embedding', progress_e4 = ${PARSED_E4}, language = CASE WHEN language = '' THEN $4 ELSE language END`
    await this.#update(claim, set, [language])
  }

  async setProgress(claim: Claim, chunkCount: number): Promise<void> {
    const done = `${PARSED_E4} + ${DONE_E4 - PARSED_E4} * $4::bigint / greatest(1, (
      SELECT count(*) FROM rag.chunk WHERE organization_id = $1 AND document_id = $2))`
    await this.#update(
      claim,
      `chunk_count = CASE WHEN state = 'ready' THEN chunk_count ELSE $4 END,
       progress_e4 = CASE WHEN state = 'ready' THEN progress_e4 ELSE least(${DONE_E4}, ${done}) END`,
      [chunkCount],
    )
  }

  async setReady(
    claim: Claim,
    chunkCount: number,
    embeddingModel: string,
  ): Promise<string | undefined> {
    return this.#database.tenant(claim.owner, async (tx) => {
      const [ready] = await tx.query<{ replaces: string | null }>(
        `UPDATE rag.document
         SET state = 'ready', chunk_count = $4, progress_e4 = ${DONE_E4}, embedding_model = $5,
             lease_until = NULL
         WHERE ${HELD} RETURNING replaces`,
        [...keyOf(claim), chunkCount, embeddingModel],
      )
      if (!ready) throw new ClaimLost()
      if (ready.replaces === null) return undefined
      // In the same moment: at no time are both versions found, or neither.
      await tx.query(
        'UPDATE rag.document SET replaced_by = $3 WHERE organization_id = $1 AND id = $2',
        [claim.owner, ready.replaces, claim.documentId],
      )
      return ready.replaces
    })
  }

  async setFailed(claim: Claim, reason: string): Promise<void> {
    await this.#update(
      claim,
      "state = 'failed', reason = $4, chunk_count = 0, lease_until = NULL",
      [reason],
    )
  }

  async release(claim: Claim, delayMs: number): Promise<void> {
    await this.#update(claim, "lease_until = clock_timestamp() + $4 * interval '1 millisecond'", [
      delayMs,
    ])
  }

  async forget(claim: Claim): Promise<void> {
    await this.#database.tenant(claim.owner, async (tx) =>
      tx.query(
        `DELETE FROM rag.document
         WHERE organization_id = $1 AND id = $2 AND attempt = $3 AND deleted_at IS NOT NULL`,
        keyOf(claim),
      ),
    )
  }

  async #update(
    claim: Claim,
    set: string,
    values: readonly unknown[] = [],
    condition = '',
  ): Promise<void> {
    const rows = await this.#database.tenant(claim.owner, async (tx) =>
      tx.query(`UPDATE rag.document SET ${set} WHERE ${HELD} ${condition} RETURNING 1`, [
        ...keyOf(claim),
        ...values,
      ]),
    )
    if (rows.length === 0) throw new ClaimLost()
  }

  /** A transaction in which the claim cannot be lost. */
  async #held(claim: Claim, use: (tx: Queryable) => Promise<unknown>): Promise<void> {
    const isHeld = await this.#database.tenant(claim.owner, async (tx) => {
      const rows = await tx.query(
        `SELECT 1 FROM rag.document WHERE ${HELD} FOR NO KEY UPDATE`,
        keyOf(claim),
      )
      if (rows.length > 0) await use(tx)
      return rows.length > 0
    })
    if (!isHeld) throw new ClaimLost()
  }
}

interface ClaimRow {
  readonly organization_id: string
  readonly document_id: string
  readonly attempt: number
}

function toClaim(row: ClaimRow): Claim {
  return { owner: row.organization_id, documentId: row.document_id, attempt: row.attempt }
}

function keyOf({ owner, documentId, attempt }: Claim): unknown[] {
  return [owner, documentId, attempt]
}

function toRow({ id, ordinal, headingPath, start, end, page, text }: StoredChunk) {
  return {
    id,
    ordinal,
    heading_path: headingPath,
    start_offset: start,
    end_offset: end,
    page,
    text,
  }
}
