import { access, constants, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { connect, type Connection, MatchQuery, Session, type Table } from '@lancedb/lancedb'
import { AppError, isUuid, mib } from '@lexcustis/core'
import { collectionName, type Owner } from '../domain/collection.js'
import type { IndexEntry, IndexHit, IndexQuery, PassageIndex } from '../domain/passage-index.js'
import { createLanceTable, ensureLanceIndices, retryConflicts } from './lance-table.js'
import { RecentlyUsed } from './recently-used.js'

const MAX_OPEN_TABLES = 256
const INDEX_CACHE_BYTES = mib(64)
const METADATA_CACHE_BYTES = mib(32)
/** A query that began on an older version of a table has this long to finish. */
const KEEP_VERSIONS_MS = 60_000
/** Read beyond the limit, so that which of many equal scores is cut off does not depend on luck. */
const TIE_MARGIN = 32

/** PassageIndex in the embedded LanceDB: one table per owner, in one folder, for one machine. */
export class LancePassageIndex implements PassageIndex, AsyncDisposable {
  readonly #directory: string
  readonly #connection: Connection
  readonly #tables = new RecentlyUsed<Table>(MAX_OPEN_TABLES)
  /** Writes to one table follow each other: side by side they would only undo one another. */
  readonly #writes = new Map<Owner, Promise<unknown>>()

  private constructor(directory: string, connection: Connection) {
    this.#directory = directory
    this.#connection = connection
  }

  /** Creates the folder when it is missing. Throws UNAVAILABLE when it cannot be used. */
  static async open(directory: string): Promise<LancePassageIndex> {
    return guarded(async () => {
      await mkdir(directory, { recursive: true, mode: 0o700 })
      const session = new Session(BigInt(INDEX_CACHE_BYTES), BigInt(METADATA_CACHE_BYTES))
      // Zero: another replica's commit counts from the next query on.
      const connection = await connect(directory, { readConsistencyInterval: 0 }, session)
      return new LancePassageIndex(directory, connection)
    })
  }

  async add(owner: Owner, entries: readonly IndexEntry[]): Promise<void> {
    const rows = entries.map(({ chunkId, documentId, terms }) => ({
      chunk_id: chunkId,
      org_id: owner,
      document_id: documentId,
      terms: terms.join(' '),
    }))
    await this.#write(owner, async () => {
      const table = await this.#openOrCreate(owner)
      await table.add(rows)
    })
  }

  async commit(owner: Owner): Promise<void> {
    await this.#write(owner, async () => {
      const table = await this.#open(owner)
      if (!table) return
      await ensureLanceIndices(table)
      const cleanupOlderThan = new Date(Date.now() - KEEP_VERSIONS_MS)
      await retryConflicts(async () => table.optimize({ cleanupOlderThan }))
    })
  }

  async remove(owner: Owner, documentId: string): Promise<void> {
    const predicate = `${ownedBy(owner)} AND document_id = ${literal(documentId)}`
    await this.#write(owner, async () => {
      const table = await this.#open(owner)
      if (table) await retryConflicts(async () => table.delete(predicate))
    })
  }

  async search(owner: Owner, { terms, filter, limit }: IndexQuery): Promise<IndexHit[]> {
    const { documentIds } = filter
    if (terms.length === 0 || documentIds?.length === 0) return []
    const predicate = documentIds
      ? `${ownedBy(owner)} AND document_id IN (${documentIds.map(literal).join(', ')})`
      : ownedBy(owner)
    return guarded(async () => {
      const table = await this.#open(owner)
      if (!table) return []
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
      return rows
        .map(({ chunk_id, _score }) => ({ chunkId: chunk_id, score: _score }))
        .sort((a, b) => b.score - a.score || (a.chunkId < b.chunkId ? -1 : 1))
        .slice(0, limit)
        .map(({ chunkId, score }, at) => ({
          chunkId,
          score,
          sparse: { rank: at + 1, score },
          dense: undefined,
        }))
    })
  }

  async check(): Promise<void> {
    await guarded(async () => access(this.#directory, constants.W_OK))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#writes.values())
    this.#tables.clear()
    this.#connection.close()
  }

  async #open(owner: Owner): Promise<Table | undefined> {
    const name = collectionName(owner)
    const known = this.#tables.get(name)
    if (known) return known
    // Opening a table that is missing fails like opening a damaged one; its folder tells them apart.
    const isThere = await access(join(this.#directory, `${name}.lance`, '_versions')).then(
      () => true,
      () => false,
    )
    if (!isThere) return undefined
    return this.#tables.keep(name, async () => this.#connection.openTable(name))
  }

  async #openOrCreate(owner: Owner): Promise<Table> {
    const name = collectionName(owner)
    return this.#tables.keep(name, async () => createLanceTable(this.#connection, name))
  }

  async #write(owner: Owner, operation: () => Promise<void>): Promise<void> {
    const before = this.#writes.get(owner) ?? Promise.resolve()
    const done = before.then(
      async () => guarded(operation),
      async () => guarded(operation),
    )
    this.#writes.set(owner, done)
    try {
      await done
    } finally {
      if (this.#writes.get(owner) === done) this.#writes.delete(owner)
    }
  }
}

function ownedBy(owner: Owner): string {
  return `org_id = ${literal(owner)}`
}

/** An SQL literal. Only UUIDs get into predicates, so there is nothing to escape. */
function literal(uuid: string): string {
  if (!isUuid(uuid)) {
    throw new AppError('INVALID_INPUT', 'an id is not a UUID in lower case')
  }
  return `'${uuid}'`
}

/** LanceDB's errors name paths and quote rows: they stay behind as the cause. */
async function guarded<T>(operation: () => Promise<T>): Promise<T> {
  try {
    return await operation()
  } catch (error) {
    if (error instanceof AppError) throw error
    throw new AppError('UNAVAILABLE', 'the search index does not answer', { cause: error })
  }
}
