import type OpenAI from 'openai'
import { invalid } from '../../domain/provider-choice.js'
import type { ProviderHealth } from '../../domain/provider.js'
import { type ChatRules, COMMON_RULES } from './chat-dialect.js'
import type { Prompted } from './dialect.js'

/** It becomes a part of the path. */
const DEPLOYMENT = /^(?!\.)[\w.-]{1,64}$/
/** Enough for every model to begin, and next to nothing to pay. */
const CHECK_TOKENS = 16

/**
 * OpenAI's API at a resource of Azure's; the model is the name of a deployment.
 * https://learn.microsoft.com/azure/ai-foundry/openai/reference
 */
export const AZURE_OPENAI: ChatRules = {
  ...COMMON_RULES,
  maxTokens: 'max_completion_tokens',
  adapt: assertDeployment,
  clientOf: (clients, endpoint) => clients.ofAzure(endpoint),
  check,
}

function assertDeployment(asked: Prompted): Prompted {
  if (DEPLOYMENT.test(asked.model)) return asked
  throw invalid('/model', 'must be the name of a deployment: letters, digits, ".", "_" and "-"')
}

/** Its list holds the models that could be deployed, not those that are: only a question tells. */
async function check(client: OpenAI, model: string, signal: AbortSignal): Promise<ProviderHealth> {
  const stream = await client.chat.completions.create(
    {
      model,
      messages: [{ role: 'user', content: 'ping' }],
      max_completion_tokens: CHECK_TOKENS,
      stream: true,
    },
    { signal },
  )
  for await (const _ of stream) break
  return { ok: true, detail: 'answers' }
}
