import { type AddColumnsSql, Index, type Connection, type Table } from '@lancedb/lancedb'
import { Field, Int64, Schema, Utf8 } from 'apache-arrow'
import { setTimeout } from 'node:timers/promises'

const column = (name: string) => new Field(name, new Utf8(), false)
/** As SQL, for tables that gain them: LanceDB takes no Arrow field of this, an ES module's, kind. */
const LATER_COLUMNS: readonly AddColumnsSql[] = [
  { name: 'language', valueSql: `arrow_cast(NULL, 'Utf8')` },
  { name: 'dated_at_ms', valueSql: `arrow_cast(NULL, 'Int64')` },
]
const SCHEMA = new Schema([
  ...['chunk_id', 'org_id', 'document_id', 'terms'].map(column),
  new Field('language', new Utf8(), true),
  new Field('dated_at_ms', new Int64(), true),
])

const DENSE_PREFIX = 'dense_'

/**
 * Vectors of each length have a column of their own: a model of another length needs no new table,
 * and its vectors never meet those of the model before.
 */
export function denseColumn(dimensions: number): string {
  return `${DENSE_PREFIX}${dimensions}`
}

function newDenseColumn(dimensions: number): AddColumnsSql {
  const type = `FixedSizeList(${dimensions}, Float32)`
  return { name: denseColumn(dimensions), valueSql: `arrow_cast(NULL, '${type}')` }
}

/** Names of all columns of vectors; there are none until the first entry with one arrives. */
export async function denseColumns(table: Table): Promise<string[]> {
  const { fields } = await table.schema()
  return fields.map(({ name }) => name).filter((name) => name.startsWith(DENSE_PREFIX))
}

/**
 * Adds the columns that are missing; entries there already have nothing in them. Tables of the first
 * version have neither language nor date, like the documents of that time.
 */
async function ensureColumns(table: Table, wanted: readonly AddColumnsSql[]): Promise<void> {
  await retryConflicts(async () => {
    await table.checkoutLatest()
    const there = new Set((await table.schema()).fields.map(({ name }) => name))
    const missing = wanted.filter(({ name }) => !there.has(name))
    if (missing.length > 0) await table.addColumns(missing)
  })
}

export async function ensureDenseColumns(
  table: Table,
  lengths: ReadonlySet<number>,
): Promise<void> {
  if (lengths.size > 0) await ensureColumns(table, [...lengths].map(newDenseColumn))
}

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
  // Replacing entries looks them up by their id.
  ['chunk_id', () => Index.btree()],
  ['org_id', () => Index.bitmap()],
  ['document_id', () => Index.btree()],
]

/** Creates the table and its indices unless they are there; any number of processes may race. */
export async function createLanceTable(connection: Connection, name: string): Promise<Table> {
  const table = await retryConflicts(async () =>
    connection
      .createEmptyTable(name, SCHEMA, { mode: 'create', existOk: true })
      // Also refused when the table is there and has more columns by now.
      .catch(async () => connection.openTable(name)),
  )
  // The table may be there already, and older.
  await ensureColumns(table, LATER_COLUMNS)
  await ensureLanceIndices(table)
  return table
}

/** Throws when there is no such table; one of an older version gains what it lacks. */
export async function openLanceTable(connection: Connection, name: string): Promise<Table> {
  const table = await connection.openTable(name)
  await ensureColumns(table, LATER_COLUMNS)
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
