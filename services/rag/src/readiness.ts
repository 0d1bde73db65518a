import type { Database } from '@lexcustis/postgres'
import type { ReadinessCheck } from '@lexcustis/runtime'
import type { EmbeddingModel } from './adapters/embedding-model.js'
import type { PassageIndex } from './domain/passage-index.js'

interface ReadinessPorts {
  readonly database: Pick<Database, 'ping'>
  readonly index: Pick<PassageIndex, 'check'>
  readonly embeddings: Pick<EmbeddingModel, 'state'>
}

export function readinessChecks({ database, index, embeddings }: ReadinessPorts): ReadinessCheck[] {
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
        return { status: 'ready', detail: 'embedded LanceDB, one machine' }
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
