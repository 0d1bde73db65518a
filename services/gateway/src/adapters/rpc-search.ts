import { type Passage, Retrieval } from '@lexcustis/proto/rag'
import type { Search } from '../domain/chat/ports.js'
import type { TokenSource } from '../domain/tenant-tokens.js'
import { callContext, type Peers } from './peers.js'

/** An answer without sources is worth more than one that waits longer for them. */
const TIMEOUT_MS = 3_000
/** 0 leaves the number of passages to the rag service. */
const DEFAULT_LIMIT = 0
const UNFILTERED = {
  languages: [],
  datedFrom: undefined,
  datedBefore: undefined,
  organizationLimit: 0,
  sharedLimit: 0,
  documentLimit: 0,
}

/** The rag service: the organisation's documents and the shared knowledge base. */
export function createRpcSearch(
  { search }: Pick<Peers['rag'], 'search'>,
  tokens: TokenSource,
): Search {
  return {
    async search(query, documentIds, { principal, signal, traceparent }) {
      const options = { timeoutMs: TIMEOUT_MS, signal, traceparent }
      const found = await search.searchAll(
        { query, limit: DEFAULT_LIMIT, documentIds: [...documentIds], ...UNFILTERED },
        await callContext(tokens, principal, 'rag', options),
      )
      return {
        passages: found.passages.map(toPassage),
        retrieval: found.retrieval === Retrieval.HYBRID ? 'hybrid' : 'sparse',
        isDegraded: found.degraded,
      }
    },
  }
}

function toPassage(passage: Passage, index: number) {
  const { documentId, chunkId, version, title, headingPath, text, scoreE4 } = passage
  return { n: index + 1, documentId, chunkId, version, title, headingPath, text, scoreE4 }
}
