import type { Database } from '@lexcustis/postgres'
import type { ReadinessCheck } from '@lexcustis/runtime'
import { EXTRACTIVE, type Provider } from './domain/provider.js'

/** What must hold for answers to be given, and what makes them better. */
export function createReadinessChecks(
  database: Pick<Database, 'ping'>,
  defaultProvider: () => Provider,
): ReadinessCheck[] {
  return [
    {
      name: 'database',
      check: async () => {
        await database.ping()
        return { status: 'ready', detail: 'answers' }
      },
    },
    {
      name: 'default_provider',
      check: async () => {
        const { kind, model } = defaultProvider()
        if (kind !== EXTRACTIVE) return { status: 'ready', detail: `${kind}, model ${model}` }
        return {
          status: 'degraded',
          detail:
            'no language model: answers quote the sources; set LLM_PROVIDER or start Ollama with a model',
        }
      },
    },
  ]
}
