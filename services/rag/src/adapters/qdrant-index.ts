import { QdrantClient } from '@qdrant/js-client-rest'
import { mib } from '@lexcustis/core'
import { collectionName, type Owner, SHARED_OWNER } from '../domain/collection.js'
import type { IndexEntry, IndexHit, IndexQuery, PassageIndex } from '../domain/passage-index.js'
import { isMissing, toAppError } from './qdrant-errors.js'
import { pointsMatching, pointsOfDocument } from './qdrant-filter.js'
import {
  type CollectionSettings,
  denseVector,
  ensureCollection,
  readVectorNames,
  TERMS_VECTOR,
} from './qdrant-layout.js'
import { type BatchLimits, inBatches, toPoint } from './qdrant-points.js'
import { RETRIES, type RetryPolicy, retryPassing } from './qdrant-retry.js'
import { searchQdrant } from './qdrant-search.js'
import { RecentlyUsed } from './recently-used.js'

export interface QdrantSettings extends CollectionSettings {
  /** http or https; a path is kept, a missing port is that of the scheme. */
  readonly url: string
  readonly apiKey: string | undefined
  /** For each request. */
  readonly timeoutMs: number
}

const MAX_KNOWN_COLLECTIONS = 4_096
const BATCH: BatchLimits = { points: 256, bytes: mib(8) }

/** PassageIndex in Qdrant 1.18 or newer: one collection per owner, shared by any number of replicas. */
export class QdrantPassageIndex implements PassageIndex, Disposable {
  readonly #client: QdrantClient
  readonly #settings: QdrantSettings
  readonly #retries: RetryPolicy
  readonly #batch: BatchLimits
  /** Vectors of collections whose indexes are complete too, as writing needs them. */
  readonly #complete = new RecentlyUsed<ReadonlySet<string>>(MAX_KNOWN_COLLECTIONS)
  /** Vectors of collections that can be searched; others add some, so what is missing is looked up. */
  readonly #known = new RecentlyUsed<ReadonlySet<string>>(MAX_KNOWN_COLLECTIONS)
  readonly #closing = new AbortController()

  constructor(settings: QdrantSettings, retries = RETRIES, batch = BATCH) {
    this.#client = createClient(settings)
    this.#settings = settings
    this.#retries = retries
    this.#batch = batch
  }

  /** Each request waits until it is applied, and may be repeated: points have the passages' ids. */
  async add(owner: Owner, entries: readonly IndexEntry[]): Promise<void> {
    const name = collectionName(owner)
    // The last of those with one id.
    const latest = [...new Map(entries.map((entry) => [entry.chunkId, entry])).values()]
    const points = latest.map((entry) => toPoint(owner, entry))
    const lengths = new Set(latest.flatMap(({ embedding }) => embedding?.dense.length ?? []))
    for (const batch of inBatches(points, this.#batch)) {
      await this.#write(name, lengths, async () =>
        this.#client.upsert(name, { wait: true, points: batch }),
      )
    }
  }

  /** Nothing to do: what `add` has written can be found, whichever replica asks. */
  async commit(owner: Owner): Promise<void> {
    collectionName(owner)
  }

  async remove(owner: Owner, documentId: string): Promise<void> {
    const name = collectionName(owner)
    const filter = pointsOfDocument(owner, documentId)
    await this.#unlessMissing(name, async () => this.#client.delete(name, { wait: true, filter }))
  }

  async search(owner: Owner, query: IndexQuery): Promise<IndexHit[]> {
    const name = collectionName(owner)
    const filter = pointsMatching(owner, query.filter)
    if (!filter) return []
    const dense = query.embedding?.dense
    const hasVectors = await this.#has(name, dense ? denseVector(dense.length) : TERMS_VECTOR)
    if (hasVectors === undefined) return []
    const hits = await this.#unlessMissing(name, async () =>
      searchQdrant(this.#client, name, query, filter, hasVectors),
    )
    return hits ?? []
  }

  /** Asks for a collection, which takes the API key; the shared one need not be there. */
  async check(): Promise<void> {
    await this.#call(async () => this.#client.collectionExists(collectionName(SHARED_OWNER)))
  }

  [Symbol.dispose](): void {
    this.#closing.abort()
    this.#known.clear()
    this.#complete.clear()
  }

  /** Whether a collection has a vector; undefined when there is no such collection. */
  async #has(name: string, vector: string): Promise<boolean | undefined> {
    const known = await this.#known.get(name)
    if (known?.has(vector)) return true
    const names = await this.#call(async () => readVectorNames(this.#client, name))
    if (!names) return undefined
    this.#known.delete(name)
    await this.#known.keep(name, () => Promise.resolve(names))
    return names.has(vector)
  }

  /** Runs `write` in a collection with these vectors; once more when it was deleted meanwhile. */
  async #write(name: string, lengths: ReadonlySet<number>, write: () => Promise<unknown>) {
    await this.#ensure(name, lengths)
    const done = await this.#unlessMissing(name, async () => ({ of: await write() }))
    if (done) return
    await this.#ensure(name, lengths)
    await this.#call(write)
  }

  async #ensure(name: string, lengths: ReadonlySet<number>): Promise<void> {
    const complete = await this.#complete.get(name)?.catch(() => undefined)
    if (complete && [...lengths].every((length) => complete.has(denseVector(length)))) return
    this.#complete.delete(name)
    await this.#complete.keep(name, async () =>
      ensureCollection(this.#client, name, lengths, this.#settings, async (call) =>
        this.#call(call),
      ),
    )
  }

  /** Undefined when there is no such collection, which is then forgotten. */
  async #unlessMissing<T>(name: string, operation: () => Promise<T>): Promise<T | undefined> {
    return this.#call(async () => {
      try {
        return await operation()
      } catch (error) {
        if (!isMissing(error)) throw error
        this.#known.delete(name)
        this.#complete.delete(name)
        return undefined
      }
    })
  }

  /** Everything sent here may be sent twice. */
  async #call<T>(operation: () => Promise<T>): Promise<T> {
    try {
      return await retryPassing(operation, this.#retries, this.#closing.signal)
    } catch (error) {
      throw toAppError(error)
    }
  }
}

function createClient({ url, apiKey, timeoutMs }: QdrantSettings): QdrantClient {
  const { protocol, port, pathname, origin } = new URL(url)
  const isHttps = protocol === 'https:'
  return new QdrantClient({
    url: origin,
    // The client would take 6333 for a URL without a port.
    port: Number(port) || (isHttps ? 443 : 80),
    prefix: pathname.replace(/\/+$/, ''),
    timeout: timeoutMs,
    // As a header of ours: the client prints a warning when it is given a key for http.
    headers: apiKey === undefined ? {} : { 'api-key': apiKey },
    checkCompatibility: false,
  })
}
