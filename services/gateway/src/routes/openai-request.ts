import type { TenantPrincipal } from '../domain/principal.js'
import type { ChatRequest, Sampling } from '../domain/chat/request.js'
import { assertParameters, notTaken } from './openai-parameters.js'
import { readMessages } from './openai-messages.js'
import { readOptions } from './openai-options.js'
import type { OpenAiBody } from './openai-schema.js'

export const CHAT_COMPLETIONS = '/v1/chat/completions'

/** What OpenAI's body asks for, in our terms. Throws INVALID_INPUT naming what is not supported. */
export function readOpenAiRequest(
  body: OpenAiBody,
  principal: TenantPrincipal,
): Omit<ChatRequest, 'requestId' | 'principal' | 'traceparent' | 'clientRequestId'> {
  assertParameters(body)
  const isStream = body.stream === true
  if (body.stream_options && !isStream) {
    throw notTaken('/stream_options', 'stream_options needs "stream": true')
  }
  return {
    endpoint: CHAT_COMPLETIONS,
    isStream,
    messages: readMessages(body.messages),
    model: body.model,
    usesRetrieval: body.lexcustis?.rag ?? principal.ragDefault,
    documentIds: body.lexcustis?.document_ids ?? [],
    sampling: readSampling(body),
    options: readOptions(body),
  }
}

function readSampling({ temperature, top_p: topP, seed, stop, ...limits }: OpenAiBody): Sampling {
  return {
    temperature: temperature ?? undefined,
    topP: topP ?? undefined,
    maxTokens: readMaxTokens(limits),
    stop: typeof stop === 'string' ? [stop] : (stop ?? undefined),
    seed: typeof seed === 'number' ? BigInt(seed) : undefined,
    presencePenalty: limits.presence_penalty ?? undefined,
    frequencyPenalty: limits.frequency_penalty ?? undefined,
  }
}

/** The newer name of the same bound, or the older one. */
function readMaxTokens({
  max_tokens: older,
  max_completion_tokens: newer,
}: Pick<OpenAiBody, 'max_tokens' | 'max_completion_tokens'>): number | undefined {
  if (older && newer && older !== newer) {
    throw notTaken('/max_tokens', 'max_tokens and max_completion_tokens differ; give one of them')
  }
  return newer ?? older ?? undefined
}
