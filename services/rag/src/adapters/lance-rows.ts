import { MatchQuery, type Table } from '@lancedb/lancedb'
import type { Owner } from '../domain/collection.js'
import type { IndexEntry } from '../domain/passage-index.js'
import type { Scored } from '../domain/search/fuse.js'
import { denseColumn, denseColumns, retryConflicts } from './lance-table.js'

/** Read beyond the limit, so that which of many equal scores is cut off does not depend on luck. */
const TIE_MARGIN = 32

/** Adds entries, or replaces those of the same id, in one transaction. */
export async function mergeEntries(
  table: Table,
  owner: Owner,
  entries: readonly IndexEntry[],
): Promise<void> {
  // The last of those with one id: a merge takes each id once.
  const latest = [...new Map(entries.map((entry) => [entry.chunkId, entry])).values()]
  await retryConflicts(async () => {
    // A merge names every column, also those of vectors of another length, which it empties.
    const empty = Object.fromEntries((await denseColumns(table)).map((name) => [name, null]))
    await table
      .mergeInsert('chunk_id')
      .whenMatchedUpdateAll()
      .whenNotMatchedInsertAll()
      .execute(latest.map((entry) => ({ ...empty, ...toRow(owner, entry) })))
  })
}

function toRow(owner: Owner, entry: IndexEntry): Record<string, unknown> {
  const { chunkId, documentId, language, datedAt, terms, embedding } = entry
  return {
    chunk_id: chunkId,
    org_id: owner,
    document_id: documentId,
    terms: terms.join(' '),
    language,
    dated_at_ms: datedAt ? BigInt(datedAt.getTime()) : null,
    ...(embedding && { [denseColumn(embedding.dense.length)]: Array.from(embedding.dense) }),
  }
}

/** BM25 scores; in no order among equals. */
export async function searchTerms(
  table: Table,
  terms: readonly string[],
  predicate: string,
  limit: number,
): Promise<Scored[]> {
  if (terms.length === 0) return []
  const rows = (await table
    .query()
    // A query object, not query text: nothing in the terms is syntax.
    .fullTextSearch(new MatchQuery(terms.join(' '), 'terms'))
    // What is not in the term index yet would be scored by other statistics.
    .fastSearch()
    .where(predicate)
    .select(['chunk_id', '_score'])
    .limit(limit + TIE_MARGIN)
    .toArray()) as { chunk_id: string; _score: number }[]
  return rows.map(({ chunk_id, _score }) => ({ chunkId: chunk_id, score: _score }))
}

/** Cosine similarities, from -1 to 1, by comparing with every vector that matches: exact. */
export async function searchDense(
  table: Table,
  vector: Float32Array,
  predicate: string,
  limit: number,
): Promise<Scored[]> {
  const column = denseColumn(vector.length)
  if (!(await denseColumns(table)).includes(column)) return []
  const rows = (await table
    .query()
    .nearestTo(vector)
    .column(column)
    .distanceType('cosine')
    .where(`${predicate} AND ${column} IS NOT NULL`)
    .select(['chunk_id', '_distance'])
    .limit(limit + TIE_MARGIN)
    .toArray()) as { chunk_id: string; _distance: number }[]
  return rows.map(({ chunk_id, _distance }) => ({ chunkId: chunk_id, score: 1 - _distance }))
}
