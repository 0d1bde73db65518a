/* eslint-disable no-restricted-imports -- a bench measures the service's own parts, without gRPC */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { uuidv7 } from '@lexcustis/core'
import type * as Lance from '../../services/rag/src/adapters/lance-index.js'
import type * as Chunks from '../../services/rag/src/domain/chunking/chunk-text.js'
import type * as Collection from '../../services/rag/src/domain/collection.js'
import type * as Documents from '../../services/rag/src/domain/document.js'
import type * as Search from '../../services/rag/src/domain/search/search-all.js'
import type * as Terms from '../../services/rag/src/domain/terms.js'
import type { LabelledSet } from './retrieval-sets.js'

export type Passage = Documents.StoredPassage

const load = async <T>(file: string): Promise<T> =>
  (await import(new URL(`../../services/rag/dist/${file}`, import.meta.url).href)) as T
const { LancePassageIndex } = await load<typeof Lance>('adapters/lance-index.js')
const { chunkText } = await load<typeof Chunks>('domain/chunking/chunk-text.js')
const { SHARED_OWNER } = await load<typeof Collection>('domain/collection.js')
const { chunkIdOf } = await load<typeof Documents>('domain/document.js')
const { searchAll } = await load<typeof Search>('domain/search/search-all.js')
const { indexTerms, searchableText, wordsOf } = await load<typeof Terms>('domain/terms.js')

const BATCH = 1_000
const UNFILTERED = {
  documentIds: [],
  languages: [],
  datedFrom: undefined,
  datedBefore: undefined,
  organizationLimit: 0,
  sharedLimit: 0,
  documentLimit: 0,
}

/** Passages of a set as the service cuts them, under the title as the document's name. */
export interface SetPassages {
  readonly passages: readonly Passage[]
  /** Passage id → id of the document in the set. */
  readonly documentOf: ReadonlyMap<string, string>
}

export function passagesOf({ corpus }: Pick<LabelledSet, 'corpus'>): SetPassages {
  const documentOf = new Map<string, string>()
  const passages = corpus.flatMap(({ id, title, text }) => {
    const documentId = uuidv7()
    return [...chunkText(text, false)].map((chunk) => {
      const chunkId = chunkIdOf(documentId, 1, chunk.ordinal)
      documentOf.set(chunkId, id)
      return {
        ...chunk,
        id: chunkId,
        documentId,
        documentName: title,
        version: 1,
        page: 0,
        language: '',
      }
    })
  })
  return { passages, documentOf }
}

export interface FoundPassage {
  readonly id: string
  readonly source: 'organization' | 'shared'
}

/** The embedded index and the search over it, in this process and in a folder of its own. */
export interface Searched extends AsyncDisposable {
  search(query: string, limit: number): Promise<FoundPassage[]>
}

/** Indexes an organisation's passages and shared ones; the texts stay in memory instead of Postgres. */
export async function openSearch(
  own: readonly Passage[],
  shared: readonly Passage[] = [],
): Promise<Searched> {
  const directory = await mkdtemp(join(tmpdir(), 'lexcustis-bench-'))
  const index = await LancePassageIndex.open(directory)
  const owner = uuidv7()
  const byId = new Map([...own, ...shared].map((passage) => [passage.id, passage]))
  await addAll(index, owner, own)
  await addAll(index, SHARED_OWNER, shared)
  const search = searchAll({
    index,
    passages: { read: async (_, ids) => ids.flatMap((id) => byId.get(id) ?? []) },
    embedder: undefined,
    onNotEmbedded: () => undefined,
    onSourceFailed: (_, error) => {
      throw error
    },
  })
  return {
    search: async (query, limit) => {
      const { passages } = await search(owner, { query, limit, ...UNFILTERED })
      return passages.map(({ passage, source }) => ({ id: passage.id, source }))
    },
    [Symbol.asyncDispose]: async () => {
      await index[Symbol.asyncDispose]()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

async function addAll(
  index: Lance.LancePassageIndex,
  owner: string,
  passages: readonly Passage[],
): Promise<void> {
  for (let from = 0; from < passages.length; from += BATCH) {
    const entries = passages.slice(from, from + BATCH).map((passage) => ({
      chunkId: passage.id,
      documentId: passage.documentId,
      language: passage.language,
      datedAt: undefined,
      embedding: undefined,
      terms: indexTerms(wordsOf(searchableText(passage))),
    }))
    await index.add(owner, entries)
  }
  await index.commit(owner)
}
