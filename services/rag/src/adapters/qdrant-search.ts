import type { QdrantClient, Schemas } from '@qdrant/js-client-rest'
import type { IndexHit, IndexQuery } from '../domain/passage-index.js'
import { fuse, type Scored, unfused } from '../domain/search/fuse.js'
import { questionWeights } from './qdrant-bm25.js'
import type { QdrantFilter } from './qdrant-filter.js'
import { denseVector, TERMS_VECTOR } from './qdrant-layout.js'

/** Read beyond the limit, so that which of many equal scores is cut off does not depend on luck. */
const TIE_MARGIN = 32

/**
 * Both ways of searching in one request, fused here: Qdrant's own fusion says neither rank nor score of
 * the two, and numbers equal scores as they come (decision 19). `hasVectors` says whether the collection
 * has vectors of the embedding's length: Qdrant refuses to compare with others.
 */
export async function searchQdrant(
  client: QdrantClient,
  collection: string,
  { terms, embedding, limit }: Omit<IndexQuery, 'filter'>,
  filter: QdrantFilter,
  hasVectors: boolean,
): Promise<IndexHit[]> {
  const common = { filter, limit: limit + TIE_MARGIN }
  const byTerms = terms.length > 0 ? [{ ...termsQuery(terms), ...common }] : []
  const byMeaning = embedding && hasVectors ? [{ ...denseQuery(embedding.dense), ...common }] : []
  const searches: Schemas['QueryRequest'][] = [...byTerms, ...byMeaning]
  if (searches.length === 0) return []
  const answers = await client.queryBatch(collection, { searches })
  const lists = answers.map(({ points }) => points.map(toScored))
  const sparse = lists[byTerms.length - 1] ?? []
  return embedding ? fuse(sparse, lists[byTerms.length] ?? [], limit) : unfused(sparse, limit)
}

type Nearest = Pick<Schemas['QueryRequest'], 'query' | 'using'>

export function termsQuery(terms: readonly string[]): Nearest {
  const { indices, values } = questionWeights(terms)
  return { query: { indices: [...indices], values: [...values] }, using: TERMS_VECTOR }
}

export function denseQuery(dense: Float32Array): Nearest {
  return { query: Array.from(dense), using: denseVector(dense.length) }
}

function toScored({ id, score }: Schemas['ScoredPoint']): Scored {
  return { chunkId: String(id), score }
}
