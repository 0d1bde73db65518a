import type { Database } from '@lexcustis/postgres'
import type { ReadinessCheck } from '@lexcustis/runtime'
import type { EmbeddingModel } from './adapters/embedding-model.js'
import type { IndexSettings } from './config.js'
import type { PassageIndex } from './domain/passage-index.js'

interface ReadinessPorts {
  readonly database: Pick<Database, 'ping'>
  readonly index: Pick<PassageIndex, 'check'>
  readonly indexKind: IndexSettings['kind']
  readonly embeddings: Pick<EmbeddingModel, 'state'>
}

const INDEX_DETAIL: Record<IndexSettings['kind'], string> = {
  lancedb: 'embedded LanceDB, one machine',
  qdrant: 'Qdrant answers',
}

export function readinessChecks({
  database,
  index,
  indexKind,
  embeddings,
}: ReadinessPorts): ReadinessCheck[] {
  return [
    {
      name: 'database',
      check: async () => {
        await database.ping()
        return { status: 'ready', detail: 'answers' }
      },
    },
    {
      name: 'index',
      check: async () => {
        await index.check()
        return { status: 'ready', detail: INDEX_DETAIL[indexKind] }
      },
    },
    {
      name: 'embeddings',
      check: async () => {
        const { isReady, detail } = embeddings.state()
        return { status: isReady ? 'ready' : 'degraded', detail }
      },
    },
  ]
}
