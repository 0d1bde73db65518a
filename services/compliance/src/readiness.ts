import type { ReadinessCheck } from '@lexcustis/runtime'
import type { Database } from '@lexcustis/postgres'

/** What must hold for verdicts to be given, and what makes them better. */
export function createReadinessChecks(database: Pick<Database, 'ping'>): ReadinessCheck[] {
  return [
    {
      name: 'database',
      check: async () => {
        await database.ping()
        return { status: 'ready', detail: 'answers' }
      },
    },
    {
      name: 'classifiers',
      check: async () => ({
        status: 'degraded',
        detail: 'rules and checksums only: no classifier model',
      }),
    },
  ]
}
