import type OpenAI from 'openai'
import type { ProviderHealth } from '../../domain/provider.js'

export interface ListedModelRules {
  /** Whether two names mean the same model. */
  readonly isSame: (listed: string, model: string) => boolean
  /** What to do about a model that is not listed; absent where a list may leave models out. */
  readonly advice?: (model: string) => string
}

/** Asks for the list of models: free everywhere, and it needs address, key and TLS to be right. */
export function checkByList({ isSame, advice }: ListedModelRules) {
  return async (client: OpenAI, model: string, signal: AbortSignal): Promise<ProviderHealth> => {
    const { data } = await client.models.list({ signal })
    // Whatever answers under a wrong address may answer anything.
    const listed: unknown = data
    if (!Array.isArray(listed)) return { ok: false, detail: NO_LIST }
    const isListed = listed.some((entry: unknown) => {
      const id = (entry as { id?: unknown } | null)?.id
      return typeof id === 'string' && isSame(id, model)
    })
    if (isListed) return { ok: true, detail: 'answers' }
    if (!advice) return { ok: true, detail: `answers, but does not list ${model}` }
    return { ok: false, detail: `the provider does not list the model ${model}: ${advice(model)}` }
  }
}

const NO_LIST = 'the provider answered without a list of models: check its base URL'

export const byName = (listed: string, model: string): boolean => listed === model
