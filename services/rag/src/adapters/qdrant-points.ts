import type { Schemas } from '@qdrant/js-client-rest'
import type { Owner } from '../domain/collection.js'
import type { IndexEntry } from '../domain/passage-index.js'
import { checkedUuid } from './filter-values.js'
import { passageWeights } from './qdrant-bm25.js'
import { denseVector, TERMS_VECTOR } from './qdrant-layout.js'
import { rfc3339 } from './qdrant-filter.js'

export type QdrantPoint = Schemas['PointStruct']

/** An upsert replaces the whole point, vectors of another length included. */
export function toPoint(owner: Owner, entry: IndexEntry): QdrantPoint {
  const { chunkId, documentId, language, datedAt, terms, embedding } = entry
  const dense = embedding?.dense
  return {
    id: checkedUuid(chunkId),
    payload: {
      org_id: checkedUuid(owner),
      document_id: checkedUuid(documentId),
      language,
      ...(datedAt && { dated_at: rfc3339(datedAt) }),
    },
    vector: {
      ...(terms.length > 0 && { [TERMS_VECTOR]: sparseVector(terms) }),
      ...(dense && { [denseVector(dense.length)]: Array.from(dense) }),
    },
  }
}

function sparseVector(terms: readonly string[]): Schemas['SparseVector'] {
  const { indices, values } = passageWeights(terms)
  return { indices: [...indices], values: [...values] }
}

/** Of one request; Qdrant itself takes 32 MB. */
export interface BatchLimits {
  readonly points: number
  readonly bytes: number
}

/** A number in JSON, with its comma, is at most this long. */
const NUMBER_BYTES = 25
/** Ids, names and punctuation of a point. */
const POINT_BYTES = 512

/** An upper bound of what the point takes in a request. */
export function pointBytes({ vector }: QdrantPoint): number {
  const numbers = Object.values(vector).map((of: unknown) => {
    if (Array.isArray(of)) return of.length
    return 2 * (of as Schemas['SparseVector']).indices.length
  })
  return POINT_BYTES + NUMBER_BYTES * numbers.reduce((sum, count) => sum + count, 0)
}

/** In order; a point that is too large by itself goes alone. */
export function* inBatches(
  points: readonly QdrantPoint[],
  limits: BatchLimits,
): Generator<QdrantPoint[]> {
  let batch: QdrantPoint[] = []
  let bytes = 0
  for (const point of points) {
    const size = pointBytes(point)
    if (batch.length > 0 && (batch.length === limits.points || bytes + size > limits.bytes)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(point)
    bytes += size
  }
  if (batch.length > 0) yield batch
}
