import { access, constants, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { connect, type Connection, Session, type Table } from '@lancedb/lancedb'
import { AppError, mib } from '@lexcustis/core'
import { collectionName, type Owner } from '../domain/collection.js'
import type { IndexEntry, IndexHit, IndexQuery, PassageIndex } from '../domain/passage-index.js'
import { fuse, unfused } from '../domain/search/fuse.js'
import { matching, ofDocument } from './lance-filter.js'
import { mergeEntries, searchDense, searchTerms } from './lance-rows.js'
import {
  createLanceTable,
  ensureDenseColumns,
  ensureLanceIndices,
  openLanceTable,
  retryConflicts,
} from './lance-table.js'
import { RecentlyUsed } from './recently-used.js'

const MAX_OPEN_TABLES = 256
const INDEX_CACHE_BYTES = mib(64)
const METADATA_CACHE_BYTES = mib(32)
/** A query that began on an older version of a table has this long to finish. */
const KEEP_VERSIONS_MS = 60_000
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
    if (entries.length === 0) return
    const lengths = new Set(entries.flatMap(({ embedding }) => embedding?.dense.length ?? []))
    await this.#write(owner, async () => {
      const table = await this.#openOrCreate(owner)
      await ensureDenseColumns(table, lengths)
      await mergeEntries(table, owner, entries)
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
    const predicate = ofDocument(owner, documentId)
    await this.#write(owner, async () => {
      const table = await this.#open(owner)
      if (table) await retryConflicts(async () => table.delete(predicate))
    })
  }

  async search(owner: Owner, { terms, embedding, filter, limit }: IndexQuery): Promise<IndexHit[]> {
    const predicate = matching(owner, filter)
    if (predicate === undefined) return []
    return guarded(async () => {
      const table = await this.#open(owner)
      if (!table) return []
      const sparse = await searchTerms(table, terms, predicate, limit)
      if (!embedding) return unfused(sparse, limit)
      return fuse(sparse, await searchDense(table, embedding.dense, predicate, limit), limit)
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
    return this.#tables.keep(name, async () => openLanceTable(this.#connection, name))
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

/** LanceDB's errors name paths and quote rows: they stay behind as the cause. */
async function guarded<T>(operation: () => Promise<T>): Promise<T> {
  try {
    return await operation()
  } catch (error) {
    if (error instanceof AppError) throw error
    throw new AppError('UNAVAILABLE', 'the search index does not answer', { cause: error })
  }
}
