import { Index, type Connection, type Table } from '@lancedb/lancedb'
import { Field, Schema, Utf8 } from 'apache-arrow'
import { setTimeout } from 'node:timers/promises'

const column = (name: string) => new Field(name, new Utf8(), false)
const SCHEMA = new Schema(['chunk_id', 'org_id', 'document_id', 'terms'].map(column))

/** Made for each use: LanceDB consumes the object that describes an index. */
const INDICES: readonly (readonly [column: string, describe: () => Index])[] = [
  // Terms arrive analysed: they are only separated, never changed, and none is too long to index.
  [
    'terms',
    () =>
      Index.fts({
        baseTokenizer: 'whitespace',
        maxTokenLength: 300,
        withPosition: false,
        lowercase: false,
        stem: false,
        removeStopWords: false,
        asciiFolding: false,
      }),
  ],
  ['org_id', () => Index.bitmap()],
  ['document_id', () => Index.btree()],
]

/** Creates the table and its indices unless they are there; any number of processes may race. */
export async function createLanceTable(connection: Connection, name: string): Promise<Table> {
  const table = await retryConflicts(async () =>
    connection.createEmptyTable(name, SCHEMA, { mode: 'create', existOk: true }),
  )
  await ensureLanceIndices(table)
  return table
}

/** Completes a table whose creator ended between the table and its indices. */
export async function ensureLanceIndices(table: Table): Promise<void> {
  for (const [columnName, describe] of INDICES) {
    await retryConflicts(async () => {
      const existing = await table.listIndices()
      if (existing.some(({ columns }) => columns.includes(columnName))) return
      await table.createIndex(columnName, { config: describe(), replace: false })
    })
  }
}

const ATTEMPTS = 8
const DELAY_MS = 50

/**
 * LanceDB commits optimistically and gives up when another writer came first; what is passed here
 * can be repeated. Its errors have no codes, so each is worth another attempt.
 */
export async function retryConflicts<T>(operation: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await operation()
    } catch (error) {
      if (attempt === ATTEMPTS) throw error
      await setTimeout(DELAY_MS * attempt * (0.5 + Math.random()))
    }
  }
}
