import { AppError, isUuid } from '@lexcustis/core'
import { type Owner, SHARED_OWNER } from '../collection.js'
import type { PassageFilter, PassageStore } from '../document.js'
import type { Embedder, Embedding } from '../embedder.js'
import type { IndexQuery, PassageIndex } from '../passage-index.js'
import { indexTerms } from '../terms.js'
import { choose } from './choose.js'
import { queryWords } from './query-words.js'
import { type Candidate, rank, type Ranked, type Source } from './rank.js'

export interface SearchPorts {
  readonly index: Pick<PassageIndex, 'search'>
  readonly passages: PassageStore
  /** Undefined without an embedding model: terms alone decide. */
  readonly embedder: Embedder | undefined
  /** The question could not be embedded; the answer is degraded. */
  readonly onNotEmbedded: (error: unknown) => void
  /** One source could not be searched; the answer is degraded. */
  readonly onSourceFailed: (source: Source, error: unknown) => void
}

export interface SearchRequest {
  readonly query: string
  /** 1 to 50; 0 means 8. */
  readonly limit: number
  /** Only these documents; empty for all. */
  readonly documentIds: readonly string[]
  /** Only these languages, ISO 639-1; empty for all. */
  readonly languages: readonly string[]
  readonly datedFrom: Date | undefined
  readonly datedBefore: Date | undefined
  /** At most so many passages of each kind; 0 for no such limit. */
  readonly organizationLimit: number
  readonly sharedLimit: number
  readonly documentLimit: number
}

export interface SearchResult {
  readonly passages: readonly Ranked[]
  /** Found by meaning as well as by terms. */
  readonly isHybrid: boolean
  /** One of the two collections was not searched, or not by meaning though there is a model. */
  readonly isDegraded: boolean
}

const DEFAULT_LIMIT = 8
const MAX_LIMIT = 50
const MAX_QUERY = 200_000
const MAX_DOCUMENT_IDS = 1_000
/** Passages of each source that are ranked: more cost time and find no better ones (docs/retrieval.md). */
const MIN_CANDIDATES = 50
/** Where a document may have only a few, others have to be among them. */
const MIN_CANDIDATES_OF_MANY_DOCUMENTS = 100
/** A question whose meaning takes longer to find is answered by its terms. */
const EMBED_TIMEOUT_MS = 1_000
/** Of a long question the beginning says what it is about. */
const MAX_EMBEDDED = 8_000
const MAX_LANGUAGES = 50
const LANGUAGE = /^[a-z]{2,3}$/

/**
 * The best passages of an organisation's documents and of the shared knowledge base, best first.
 * Throws INVALID_INPUT, and UNAVAILABLE when neither could be searched.
 */
export function searchAll(ports: SearchPorts) {
  return async (owner: Owner, request: SearchRequest): Promise<SearchResult> => {
    checkRequest(request)
    const limit = request.limit === 0 ? DEFAULT_LIMIT : request.limit
    const words = queryWords(request.query)
    if (words.length === 0) return { passages: [], isHybrid: false, isDegraded: false }
    const embedding = await embedQuestion(ports, request.query)
    const wanted = toFilter(request)
    const documentIds = request.documentIds.length > 0 ? request.documentIds : undefined
    const query = {
      terms: [...new Set(indexTerms(words))],
      embedding,
      filter: { documentIds, ...wanted },
      limit: candidatesFor(limit, request.documentLimit),
    }
    const { found, isPartial } = await fromBothSources(ports, owner, query, wanted)
    const isHybrid = embedding !== undefined
    return {
      passages: choose(rank(words, found), limit, request),
      isHybrid,
      isDegraded: isPartial || (ports.embedder !== undefined && !isHybrid),
    }
  }
}

function candidatesFor(limit: number, documentLimit: number): number {
  const least = documentLimit > 0 ? MIN_CANDIDATES_OF_MANY_DOCUMENTS : MIN_CANDIDATES
  return Math.max(least, 2 * limit)
}

/** What both collections have; one of them is enough. */
async function fromBothSources(
  ports: SearchPorts,
  owner: Owner,
  query: IndexQuery,
  wanted: PassageFilter,
): Promise<{ readonly found: Candidate[]; readonly isPartial: boolean }> {
  const sources: readonly (readonly [Source, Owner])[] = [
    ['organization', owner],
    ['shared', SHARED_OWNER],
  ]
  const searched = await Promise.allSettled(
    sources.map(async ([source, of]) => candidatesOf(ports, source, of, query, wanted)),
  )
  const failures = searched.flatMap((result, at) =>
    result.status === 'rejected'
      ? [{ source: sources[at]?.[0], cause: result.reason as unknown }]
      : [],
  )
  for (const { source, cause } of failures) if (source) ports.onSourceFailed(source, cause)
  if (failures.length === sources.length) {
    throw new AppError('UNAVAILABLE', 'the documents cannot be searched at the moment', {
      cause: failures[0]?.cause,
    })
  }
  const found = searched.flatMap((result) => (result.status === 'fulfilled' ? result.value : []))
  return { found, isPartial: failures.length > 0 }
}

async function candidatesOf(
  { index, passages }: SearchPorts,
  source: Source,
  owner: Owner,
  query: IndexQuery,
  wanted: PassageFilter,
): Promise<Candidate[]> {
  const hits = await index.search(owner, query)
  if (hits.length === 0) return []
  const hitOf = new Map(hits.map((hit) => [hit.chunkId, hit]))
  // The index may lag behind a delete; the database does not.
  const found = await passages.read(owner, [...hitOf.keys()], wanted)
  return found.flatMap((passage) => {
    const hit = hitOf.get(passage.id)
    if (!hit) return []
    const { score, sparse, dense } = hit
    // With meaning, the score is one of ranks; `rank` needs that of the terms.
    const indexScore = sparse?.score ?? (dense ? 0 : score)
    return [{ source, passage, indexScore, sparse, dense }]
  })
}

/** Undefined when there is no model, or when it does not answer soon enough to be worth waiting for. */
async function embedQuestion(
  { embedder, onNotEmbedded }: SearchPorts,
  query: string,
): Promise<Embedding | undefined> {
  if (!embedder) return undefined
  const signal = AbortSignal.timeout(EMBED_TIMEOUT_MS)
  try {
    const [embedding] = await embedder.embed([query.slice(0, MAX_EMBEDDED)], signal)
    return embedding
  } catch (error) {
    onNotEmbedded(error)
    return undefined
  }
}

function toFilter({ languages, datedFrom, datedBefore }: SearchRequest): PassageFilter {
  return { languages: languages.length > 0 ? languages : undefined, datedFrom, datedBefore }
}

function checkRequest({ query, limit, documentIds, ...filter }: SearchRequest): void {
  checkFilter(filter)
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

function checkFilter({
  languages,
  datedFrom,
  datedBefore,
}: Pick<SearchRequest, 'languages' | 'datedFrom' | 'datedBefore'>): void {
  if (languages.length > MAX_LANGUAGES || !languages.every((language) => LANGUAGE.test(language))) {
    throw new AppError(
      'INVALID_INPUT',
      `the languages are more than ${MAX_LANGUAGES} or not ISO 639-1, for example "de"`,
    )
  }
  if (datedFrom && datedBefore && datedFrom >= datedBefore) {
    throw new AppError('INVALID_INPUT', 'dated_from is not before dated_before')
  }
}
