import { AppError, mib } from '@lexcustis/core'
import type { Database, Queryable } from '@lexcustis/postgres'
import type { Owner } from '../domain/collection.js'
import type { Document, DocumentPosition, DocumentStore, Upload } from '../domain/document.js'
import { DOCUMENT_COLUMNS, type DocumentRow, toDocument } from './pg-document.js'

const PART_BYTES = mib(1)

export class PgDocumentStore implements DocumentStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  async insert(owner: Owner, upload: Upload): Promise<{ document: Document; isNew: boolean }> {
    return this.#database.tenant(owner, async (tx) => {
      // Two uploads of the same bytes at once: the second waits and finds the first.
      await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [
        `${owner} ${upload.sha256.toString('hex')}`,
      ])
      const same = await findSame(tx, owner, upload)
      if (same) return { document: same, isNew: false }
      const version = upload.replaces ? await nextVersion(tx, owner, upload.replaces) : 1
      const [created] = await tx.query<DocumentRow>(
        `INSERT INTO rag.document (organization_id, id, name, media_type, size_bytes, sha256,
                                   version, replaces, language, dated_at, source)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (organization_id, id) DO NOTHING
         RETURNING ${DOCUMENT_COLUMNS}`,
        [
          owner,
          upload.id,
          upload.name,
          upload.mediaType,
          upload.sizeBytes,
          upload.sha256,
          version,
          upload.replaces ?? null,
          upload.language,
          upload.datedAt ?? null,
          upload.source,
        ],
      )
      if (created) {
        await insertParts(tx, owner, upload)
        return { document: toDocument(created), isNew: true }
      }
      const existing = await getDocument(tx, owner, upload.id)
      if (!existing) {
        throw new AppError('CONFLICT', 'this id belongs to a document that is being deleted')
      }
      return { document: existing, isNew: false }
    })
  }

  async get(owner: Owner, id: string): Promise<Document | undefined> {
    return this.#database.tenant(owner, async (tx) => getDocument(tx, owner, id))
  }

  async list(
    owner: Owner,
    limit: number,
    after: DocumentPosition | undefined,
  ): Promise<{ documents: Document[]; last: DocumentPosition | undefined }> {
    const rows = await this.#database.tenant(owner, async (tx) =>
      tx.query<DocumentRow & { created_micros: bigint }>(
        // Microseconds come from the database: a Date would round them and repeat or skip a row.
        `SELECT ${DOCUMENT_COLUMNS},
                (extract(epoch FROM created_at) * 1000000)::bigint AS created_micros
         FROM rag.document
         WHERE organization_id = $1 AND deleted_at IS NULL
           AND ($2::bigint IS NULL OR (created_at, id) <
             (timestamptz 'epoch' + $2::bigint * interval '1 microsecond', $3::uuid))
         ORDER BY created_at DESC, id DESC
         LIMIT $4`,
        [owner, after?.createdMicros ?? null, after?.id ?? null, limit + 1],
      ),
    )
    const page = rows.slice(0, limit)
    const end = rows.length > limit ? page.at(-1) : undefined
    return {
      documents: page.map(toDocument),
      last: end && { createdMicros: end.created_micros, id: end.id },
    }
  }

  async hide(
    owner: Owner,
    id: string,
  ): Promise<{ chunkCount: number; isBeingWorkedOn: boolean } | undefined> {
    return this.#database.tenant(owner, async (tx) => {
      const [hidden] = await tx.query<{ is_being_worked_on: boolean }>(
        `UPDATE rag.document SET deleted_at = clock_timestamp()
         WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL
         RETURNING coalesce(lease_until > clock_timestamp(), false) AS is_being_worked_on`,
        [owner, id],
      )
      if (!hidden) return undefined
      const [{ count } = { count: 0n }] = await tx.query<{ count: bigint }>(
        `WITH gone AS (
           DELETE FROM rag.chunk WHERE organization_id = $1 AND document_id = $2 RETURNING 1
         )
         SELECT count(*) AS count FROM gone`,
        [owner, id],
      )
      await tx.query(
        'DELETE FROM rag.document_part WHERE organization_id = $1 AND document_id = $2',
        [owner, id],
      )
      return { chunkCount: Number(count), isBeingWorkedOn: hidden.is_being_worked_on }
    })
  }

  async forget(owner: Owner, id: string): Promise<void> {
    await this.#database.tenant(owner, async (tx) =>
      tx.query(
        `DELETE FROM rag.document
         WHERE organization_id = $1 AND id = $2 AND deleted_at IS NOT NULL
           AND (lease_until IS NULL OR lease_until < clock_timestamp())`,
        [owner, id],
      ),
    )
  }
}

async function getDocument(tx: Queryable, owner: Owner, id: string): Promise<Document | undefined> {
  const [row] = await tx.query<DocumentRow>(
    `SELECT ${DOCUMENT_COLUMNS} FROM rag.document
     WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL`,
    [owner, id],
  )
  return row && toDocument(row)
}

/** A document that did not fail, with the same bytes in the same place. */
async function findSame(
  tx: Queryable,
  owner: Owner,
  { sha256, name, replaces }: Upload,
): Promise<Document | undefined> {
  const [row] = await tx.query<DocumentRow>(
    `SELECT ${DOCUMENT_COLUMNS} FROM rag.document
     WHERE organization_id = $1 AND sha256 = $2 AND name = $3
       AND replaces IS NOT DISTINCT FROM $4::uuid
       AND replaced_by IS NULL AND deleted_at IS NULL AND state <> 'failed'
     ORDER BY created_at LIMIT 1`,
    [owner, sha256, name, replaces ?? null],
  )
  return row && toDocument(row)
}

/** Version of what replaces a document; holds it, so that nothing else can at the same time. */
async function nextVersion(tx: Queryable, owner: Owner, replaced: string): Promise<number> {
  const [row] = await tx.query<{ version: number }>(
    `SELECT version FROM rag.document
     WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL
     FOR NO KEY UPDATE`,
    [owner, replaced],
  )
  if (!row) throw new AppError('NOT_FOUND', 'there is no such document to be replaced')
  // A statement of its own: it sees what was committed while the one before waited for the lock.
  const taken = await tx.query(
    `SELECT 1 FROM rag.document
     WHERE organization_id = $1 AND deleted_at IS NULL
       AND ((id = $2 AND replaced_by IS NOT NULL) OR (replaces = $2 AND state <> 'failed'))`,
    [owner, replaced],
  )
  if (taken.length > 0) {
    throw new AppError('CONFLICT', 'the document was replaced already; replace its newest version')
  }
  return row.version + 1
}

async function insertParts(tx: Queryable, owner: Owner, { id, parts }: Upload): Promise<void> {
  let ordinal = 0
  for (const bytes of regroup(parts)) {
    await tx.query(
      `INSERT INTO rag.document_part (organization_id, document_id, ordinal, bytes)
       VALUES ($1, $2, $3, $4)`,
      [owner, id, ordinal++, bytes],
    )
  }
}

/** Pieces of 1 MiB, whatever sizes the messages had. */
function* regroup(parts: readonly Buffer[]): Generator<Buffer> {
  let open: Buffer[] = []
  let openBytes = 0
  for (const part of parts) {
    for (let from = 0; from < part.length;) {
      const piece = part.subarray(from, from + PART_BYTES - openBytes)
      open.push(piece)
      openBytes += piece.length
      from += piece.length
      if (openBytes < PART_BYTES) continue
      yield Buffer.concat(open)
      open = []
      openBytes = 0
    }
  }
  if (openBytes > 0) yield Buffer.concat(open)
}
