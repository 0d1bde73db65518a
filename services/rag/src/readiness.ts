import type { Database } from '@lexcustis/postgres'
import type { ReadinessCheck } from '@lexcustis/runtime'
import type { PassageIndex } from './domain/passage-index.js'

interface ReadinessPorts {
  readonly database: Pick<Database, 'ping'>
  readonly index: Pick<PassageIndex, 'check'>
  readonly modelDirectory: string | undefined
}

export function readinessChecks({
  database,
  index,
  modelDirectory,
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
        return { status: 'ready', detail: 'embedded LanceDB, one machine' }
      },
    },
    {
      name: 'embeddings',
      check: async () => ({
        status: 'degraded',
        detail: modelDirectory
          ? 'RAG_MODEL_DIR is set, but this version has no dense retrieval: BM25 only'
          : 'no embedding model: retrieval is BM25 only',
      }),
    },
  ]
}
