import { AppError, isUuid } from '@lexcustis/core'
import { type Owner, SHARED_OWNER } from '../collection.js'
import type { PassageStore } from '../document.js'
import type { PassageIndex } from '../passage-index.js'
import { indexTerms } from '../terms.js'
import { queryWords } from './query-words.js'
import { type Candidate, rank, type Ranked, type Source } from './rank.js'

export interface SearchPorts {
  readonly index: Pick<PassageIndex, 'search'>
  readonly passages: PassageStore
  /** One source could not be searched; the answer is degraded. */
  readonly onSourceFailed: (source: Source, error: unknown) => void
}

export interface SearchRequest {
  readonly query: string
  /** 1 to 50; 0 means 8. */
  readonly limit: number
  /** Only these documents; empty for all. */
  readonly documentIds: readonly string[]
}

export interface SearchResult {
  readonly passages: readonly Ranked[]
  /** One of the two collections was not searched. */
  readonly isDegraded: boolean
}

const DEFAULT_LIMIT = 8
const MAX_LIMIT = 50
const MAX_QUERY = 200_000
const MAX_DOCUMENT_IDS = 1_000
/** Passages of each source that are ranked; more do not change the order above them. */
const MIN_CANDIDATES = 40

/**
 * The best passages of an organisation's documents and of the shared knowledge base, best first.
 * Throws INVALID_INPUT, and UNAVAILABLE when neither could be searched.
 */
export function searchAll(ports: SearchPorts) {
  return async (owner: Owner, request: SearchRequest): Promise<SearchResult> => {
    checkRequest(request)
    const limit = request.limit === 0 ? DEFAULT_LIMIT : request.limit
    const words = queryWords(request.query)
    if (words.length === 0) return { passages: [], isDegraded: false }
    const query = {
      terms: [...new Set(indexTerms(words))],
      embedding: undefined,
      filter: {
        documentIds: request.documentIds.length > 0 ? request.documentIds : undefined,
      },
      limit: Math.max(MIN_CANDIDATES, 2 * limit),
    }
    const [own, shared] = await Promise.allSettled([
      candidatesOf(ports, 'organization', owner, query),
      candidatesOf(ports, 'shared', SHARED_OWNER, query),
    ])
    if (own.status === 'rejected') ports.onSourceFailed('organization', own.reason)
    if (shared.status === 'rejected') ports.onSourceFailed('shared', shared.reason)
    if (own.status === 'rejected' && shared.status === 'rejected') {
      throw new AppError('UNAVAILABLE', 'the documents cannot be searched at the moment', {
        cause: own.reason,
      })
    }
    const found = [own, shared].flatMap((source) =>
      source.status === 'fulfilled' ? source.value : [],
    )
    return {
      passages: rank(words, found).slice(0, limit),
      isDegraded: own.status === 'rejected' || shared.status === 'rejected',
    }
  }
}

async function candidatesOf(
  { index, passages }: SearchPorts,
  source: Source,
  owner: Owner,
  query: Parameters<PassageIndex['search']>[1],
): Promise<Candidate[]> {
  const hits = await index.search(owner, query)
  if (hits.length === 0) return []
  const scores = new Map(hits.map(({ chunkId, score }) => [chunkId, score]))
  // The index may lag behind a delete; the database does not.
  const found = await passages.read(owner, [...scores.keys()])
  return found.map((passage) => ({ source, passage, indexScore: scores.get(passage.id) ?? 0 }))
}

function checkRequest({ query, limit, documentIds }: SearchRequest): void {
  if (query.length > MAX_QUERY) {
    throw new AppError('INVALID_INPUT', `the query is longer than ${MAX_QUERY} characters`)
  }
  if (limit > MAX_LIMIT) {
    throw new AppError('INVALID_INPUT', `the limit is above ${MAX_LIMIT}`)
  }
  if (documentIds.length > MAX_DOCUMENT_IDS) {
    throw new AppError('INVALID_INPUT', `more than ${MAX_DOCUMENT_IDS} document ids`)
  }
  if (!documentIds.every(isUuid)) {
    throw new AppError('INVALID_INPUT', 'a document id is not a UUID in lower case')
  }
}
