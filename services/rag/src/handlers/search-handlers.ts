import { Retrieval, SearchDefinition } from '@lexcustis/proto/rag'
import { type BoundService, service } from '@lexcustis/rpc'
import { readerOf } from '../domain/access.js'
import type { Owner } from '../domain/collection.js'
import type { SearchRequest, SearchResult } from '../domain/search/search-all.js'
import { toPassageMessage } from './encode.js'

export function searchHandlers(
  search: (owner: Owner, request: SearchRequest) => Promise<SearchResult>,
): BoundService {
  return service(SearchDefinition, {
    searchAll: async (request, call) => {
      const owner = readerOf(await call.tenant())
      const { passages, isHybrid, isDegraded } = await search(owner, request)
      const best = passages[0]?.score ?? 0
      return {
        passages: passages.map((passage) => toPassageMessage(passage, best)),
        retrieval: isHybrid ? Retrieval.HYBRID : Retrieval.SPARSE,
        degraded: isDegraded,
      }
    },
  })
}
