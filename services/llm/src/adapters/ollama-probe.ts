import { z } from 'zod'
import type { Provider } from '../domain/provider.js'

const ModelList = z.object({ data: z.array(z.object({ id: z.string().min(1) })) })
const TIMEOUT_MS = 1_000
/** Ollama lists models that only embed among those that chat. */
const EMBEDS = /embed|(?:^|\/)(?:bge|e5|gte|all-minilm)\b/i

/**
 * A local Ollama as a provider, if one answers that has a model which chats. It lists the models
 * used last first.
 */
export async function findOllama(baseUrl: string): Promise<Provider | undefined> {
  try {
    const response = await fetch(`${baseUrl}/models`, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    if (!response.ok) return undefined
    const { data } = ModelList.parse(await response.json())
    const models = data.map(({ id }) => id).filter((id) => !EMBEDS.test(id))
    const [model] = models
    if (model === undefined) return undefined
    const endpoint = { baseUrl, apiKey: undefined, isGuarded: false }
    return { kind: 'ollama', model, models, region: 'local', endpoint }
  } catch {
    return undefined
  }
}
