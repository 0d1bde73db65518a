import type { Schemas } from '@qdrant/js-client-rest'
import { isUuid } from '@lexcustis/core'
import { matches } from './filter.js'
import { QdrantRefusal } from './refusal.js'
import { cosine, idf, normalised, rrf, type Sparse, sparseDot } from './scoring.js'

interface Point {
  readonly id: string
  readonly payload: Record<string, unknown>
  readonly vector: Record<string, number[] | Sparse>
}

type Query = Schemas['QueryRequest'] | Schemas['Prefetch']
type Scored = Schemas['ScoredPoint']
type Filter = Schemas['Filter']

/** Of `rrf` without `k`, as Qdrant documents it; positions count from 0. */
const DEFAULT_RRF_K = 2

/** One collection in memory, exact, with the scores that Qdrant documents. */
export class Collection {
  readonly points = new Map<string, Point>()
  readonly payloadSchema: Record<string, Schemas['PayloadIndexInfo']> = {}
  readonly #created: Schemas['CreateCollection']
  readonly #dense: Record<string, Schemas['VectorParams']>
  readonly #sparse: Record<string, Schemas['SparseVectorParams'] | undefined>

  constructor(created: Schemas['CreateCollection']) {
    this.#created = created
    this.#dense = { ...(created.vectors as Record<string, Schemas['VectorParams']>) }
    this.#sparse = { ...created.sparse_vectors }
  }

  info(): unknown {
    const { shard_number, replication_factor } = this.#created
    return {
      status: 'green',
      optimizer_status: 'ok',
      points_count: this.points.size,
      segments_count: 1,
      config: {
        params: {
          vectors: this.#dense,
          sparse_vectors: this.#sparse,
          shard_number: shard_number ?? 1,
          replication_factor: replication_factor ?? 1,
        },
        hnsw_config: { m: 16, ef_construct: 100, full_scan_threshold: 10_000 },
        optimizer_config: {
          deleted_threshold: 0.2,
          vacuum_min_vector_number: 1_000,
          default_segment_number: 0,
          flush_interval_sec: 5,
        },
      },
      payload_schema: this.payloadSchema,
    }
  }

  createIndex(field: string, schema: { readonly type: Schemas['PayloadSchemaType'] }): void {
    const info = { data_type: schema.type, params: schema, points: this.points.size }
    this.payloadSchema[field] = info
  }

  createVector(name: string, { dense }: { readonly dense: Schemas['VectorParams'] }): void {
    if (this.#dense[name]) throw new QdrantRefusal(409, `vector ${name} already exists`)
    this.#dense[name] = dense
  }

  /** All or nothing. */
  upsert(points: readonly Schemas['PointStruct'][]): void {
    const read = points.map((point) => this.#toPoint(point))
    for (const point of read) {
      // Last again when it is replaced, so that ties come in no order of ids.
      this.points.delete(point.id)
      this.points.set(point.id, point)
    }
  }

  deleteBy(filter: Filter): void {
    for (const { id, payload } of [...this.points.values()]) {
      if (matches(payload, filter)) this.points.delete(id)
    }
  }

  query(request: Query, outer?: Filter): Scored[] {
    const limit = request.limit ?? 10
    const filter = both(outer, request.filter ?? undefined)
    const scores = request.prefetch ? this.#fuse(request, filter) : this.#search(request, filter)
    // Equal scores in the reverse of their order of arrival: whoever needs one has to make it.
    const sorted = [...scores].reverse().sort(([, a], [, b]) => b - a)
    return sorted
      .slice(0, limit)
      .map(([id, score]) => ({ id, version: 0, score: Math.fround(score) }))
  }

  #search(request: Query, filter: Filter | undefined): [string, number][] {
    const { query, using } = request
    const found = [...this.points.values()].filter((point) => matches(point.payload, filter))
    const name = using ?? ''
    if (Array.isArray(query)) {
      const wanted = normalised(this.#checked(name, query as number[]))
      return found.flatMap(({ id, vector }) => {
        const own = vector[name]
        return Array.isArray(own) ? [[id, cosine(wanted, own)] as [string, number]] : []
      })
    }
    const wanted = this.#weighted(name, query as Sparse)
    return found.flatMap(({ id, vector }) => {
      const own = vector[name]
      const score = own && !Array.isArray(own) ? sparseDot(wanted, own) : undefined
      return score === undefined ? [] : [[id, score] as [string, number]]
    })
  }

  #weighted(name: string, query: Sparse): Sparse {
    const params = this.#sparse[name]
    if (!params) throw new QdrantRefusal(400, `Not existing vector name error: ${name}`)
    checkSparse(query)
    if (params.modifier !== 'idf') return query
    const all = [...this.points.values()].map(({ vector }) => vector[name])
    const values = query.indices.map((index, at) => {
      const n = all.filter((own) => own && !Array.isArray(own) && own.indices.includes(index))
      return (query.values[at] ?? 0) * idf(this.points.size, n.length)
    })
    return { indices: query.indices, values }
  }

  #fuse({ prefetch, query }: Query, filter: Filter | undefined): [string, number][] {
    const searches = (Array.isArray(prefetch) ? prefetch : [prefetch]) as Query[]
    const lists = searches.map((one) => this.query(one, filter).map(({ id }) => String(id)))
    const fusion = query as { fusion?: string; rrf?: { k?: number } }
    if (fusion.fusion !== 'rrf' && !fusion.rrf) throw new QdrantRefusal(400, 'only rrf is here')
    return rrf(lists, fusion.rrf?.k ?? DEFAULT_RRF_K)
  }

  #toPoint({ id, payload, vector }: Schemas['PointStruct']): Point {
    if (!isUuid(String(id))) throw new QdrantRefusal(400, 'a point id is no UUID')
    const vectors = Object.entries(vector as Record<string, number[] | Sparse>).map(
      ([name, value]) => {
        if (Array.isArray(value)) return [name, normalised(this.#checked(name, value))]
        if (!this.#sparse[name]) throw new QdrantRefusal(400, `Not existing vector name: ${name}`)
        checkSparse(value)
        return [name, { indices: value.indices, values: value.values.map(Math.fround) }]
      },
    )
    const named = Object.fromEntries(vectors) as Point['vector']
    return { id: String(id), payload: { ...payload }, vector: named }
  }

  #checked(name: string, vector: number[]): number[] {
    const params = this.#dense[name]
    if (!params) throw new QdrantRefusal(400, `Not existing vector name error: ${name}`)
    if (params.size !== vector.length) throw new QdrantRefusal(400, 'Vector dimension error')
    return vector
  }
}

function checkSparse({ indices, values }: Sparse): void {
  if (indices.length !== values.length || new Set(indices).size !== indices.length) {
    throw new QdrantRefusal(422, 'Validation error: indices must be unique and as many as values')
  }
}

function both(a: Filter | undefined, b: Filter | undefined): Filter | undefined {
  return a && b ? { must: [a, b] } : (a ?? b)
}
