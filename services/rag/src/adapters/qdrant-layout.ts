import type { QdrantClient, Schemas } from '@qdrant/js-client-rest'
import { AppError } from '@lexcustis/core'
import { isConflict, isMissing } from './qdrant-errors.js'

/** Sparse, weighted so that Qdrant's score is BM25. */
export const TERMS_VECTOR = 'terms'

/**
 * Vectors of each length have a name of their own: a model of another length needs no new collection,
 * and its vectors never meet those of the model before.
 */
export function denseVector(dimensions: number): string {
  return `dense_${dimensions}`
}

/** What an operator decides about every collection. */
export interface CollectionSettings {
  readonly replicationFactor: number
  /** Rarity of a term is counted within a shard: more than one changes scores. */
  readonly shardNumber: number
}

type Call = <T>(operation: () => Promise<T>) => Promise<T>

const PAYLOAD_INDEXES = {
  org_id: { type: 'keyword', is_tenant: true },
  document_id: { type: 'keyword' },
  language: { type: 'keyword' },
  dated_at: { type: 'datetime' },
} as const

/** Names of the vectors of a collection; undefined when there is no such collection. */
export async function readVectorNames(
  client: QdrantClient,
  name: string,
): Promise<ReadonlySet<string> | undefined> {
  const info = await readCollection(client, name)
  return info && namesIn(info)
}

/**
 * Creates what is missing of a collection: itself, its payload indexes, and a vector for each length.
 * Any number of processes may race: whoever comes second takes what is there, after a look at it.
 * `call` repeats each request that may be repeated. Throws UNAVAILABLE when what is there is not ours.
 */
export async function ensureCollection(
  client: QdrantClient,
  name: string,
  lengths: ReadonlySet<number>,
  settings: CollectionSettings,
  call: Call,
): Promise<ReadonlySet<string>> {
  const read = async () => call(async () => readCollection(client, name))
  if (!(await read())) await call(async () => createCollection(client, name, lengths, settings))
  const created = await read()
  if (!created) throw new AppError('UNAVAILABLE', 'a collection of the search index has gone')
  checkTerms(created)
  for (const [field_name, field_schema] of Object.entries(PAYLOAD_INDEXES)) {
    if (created.payload_schema[field_name]) continue
    await call(async () =>
      client.createPayloadIndex(name, { field_name, field_schema, wait: true }),
    )
  }
  const missing = [...lengths].filter((length) => !namesIn(created).has(denseVector(length)))
  for (const length of missing) {
    await call(async () => createDenseVector(client, name, length))
  }
  const complete = missing.length > 0 ? await read() : created
  if (!complete) throw new AppError('UNAVAILABLE', 'a collection of the search index has gone')
  for (const length of lengths) checkDense(complete, length)
  return namesIn(complete)
}

async function createCollection(
  client: QdrantClient,
  name: string,
  lengths: ReadonlySet<number>,
  { replicationFactor, shardNumber }: CollectionSettings,
): Promise<void> {
  try {
    await client.createCollection(name, {
      vectors: Object.fromEntries(
        [...lengths].map((length) => [denseVector(length), cosine(length)]),
      ),
      sparse_vectors: { [TERMS_VECTOR]: { modifier: 'idf' } },
      replication_factor: replicationFactor,
      shard_number: shardNumber,
    })
  } catch (error) {
    if (!isConflict(error)) throw error
  }
}

async function createDenseVector(client: QdrantClient, name: string, size: number): Promise<void> {
  try {
    await client.createVectorName(name, denseVector(size), { dense: cosine(size) }, { wait: true })
  } catch (error) {
    // Made by another process meanwhile: what it made is checked afterwards.
    const names = await readVectorNames(client, name)
    if (!names?.has(denseVector(size))) throw error
  }
}

function cosine(size: number): { size: number; distance: 'Cosine' } {
  return { size, distance: 'Cosine' }
}

async function readCollection(
  client: QdrantClient,
  name: string,
): Promise<Schemas['CollectionInfo'] | undefined> {
  try {
    return await client.getCollection(name)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

function namesIn({ config }: Schemas['CollectionInfo']): ReadonlySet<string> {
  const { vectors, sparse_vectors } = config.params
  return new Set([...Object.keys(vectors ?? {}), ...Object.keys(sparse_vectors ?? {})])
}

function checkTerms({ config }: Schemas['CollectionInfo']): void {
  if (config.params.sparse_vectors?.[TERMS_VECTOR]?.modifier !== 'idf') throw notOurs()
}

function checkDense({ config }: Schemas['CollectionInfo'], length: number): void {
  const vectors = config.params.vectors as Record<string, Schemas['VectorParams'] | undefined>
  const made = vectors[denseVector(length)]
  if (made?.size !== length || made.distance !== 'Cosine') throw notOurs()
}

function notOurs(): AppError {
  return new AppError(
    'UNAVAILABLE',
    'a collection in Qdrant has the name but not the vectors of this service: delete it, or use another Qdrant',
  )
}
