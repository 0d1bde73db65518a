import type { ChatCompletionCreateParamsStreaming } from 'openai/resources/chat/completions'
import type OpenAI from 'openai'
import type { Message, ToolChoice, Tools } from '../../domain/completion.js'
import type { Endpoint, ProviderHealth } from '../../domain/provider.js'
import { ChunkReader } from '../answer-reader.js'
import type { OpenAiClients } from '../openai-client.js'
import type { Dialect, Prompted, ReadyProvider, Send } from './dialect.js'

/** Where vendors differ that all speak OpenAI's chat completions. */
export interface ChatRules {
  readonly maxTokens: 'max_tokens' | 'max_completion_tokens'
  readonly seed: 'seed' | 'random_seed'
  /** Counts without being asked, and refuses to be asked. */
  readonly alwaysCounts: boolean
  /** Ids of tool calls as the vendor takes them; the ids it gave itself stay. */
  readonly toCallId?: (id: string) => string
  /** Throws INVALID_INPUT for what the vendor would ignore, or returns what it is to get. */
  readonly adapt?: (asked: Prompted) => Prompted
  readonly clientOf: (clients: OpenAiClients, endpoint: Endpoint) => OpenAI
  readonly check: (client: OpenAI, model: string, signal: AbortSignal) => Promise<ProviderHealth>
}

/** What most endpoints agree on. */
export const COMMON_RULES = {
  maxTokens: 'max_tokens',
  seed: 'seed',
  alwaysCounts: false,
  clientOf: (clients: OpenAiClients, endpoint: Endpoint) => clients.of(endpoint),
} as const satisfies Partial<ChatRules>

/** OpenAI's chat completions by the rules of one vendor. */
export class ChatDialect implements Dialect {
  constructor(
    private readonly clients: OpenAiClients,
    private readonly rules: ChatRules,
  ) {}

  prepare(asked: Prompted, endpoint: Endpoint): Send {
    const body = toBody(asked, this.rules)
    const client = this.rules.clientOf(this.clients, endpoint)
    return async (signal) => {
      const { data, response } = await client.chat.completions
        .create(body, { signal })
        .withResponse()
      return { events: data, isDone: () => this.clients.isDone(response) }
    }
  }

  createReader(): ChunkReader {
    return new ChunkReader()
  }

  async check({ endpoint, model }: ReadyProvider, signal: AbortSignal): Promise<ProviderHealth> {
    return this.rules.check(this.rules.clientOf(this.clients, endpoint), model, signal)
  }
}

function toBody(given: Prompted, rules: ChatRules): ChatCompletionCreateParamsStreaming {
  const asked = rules.adapt?.(given) ?? given
  const toCallId = rules.toCallId ?? ((id: string) => id)
  const body = {
    model: asked.model,
    messages: asked.messages.map((message) => toChatMessage(message, toCallId)),
    stream: true,
    ...(rules.alwaysCounts ? {} : { stream_options: { include_usage: true } }),
    ...toSampling(asked.sampling, rules),
    ...(asked.tools ? toToolFields(asked.tools) : {}),
    ...(asked.format ? { response_format: asked.format } : {}),
  }
  // Fields that the SDK does not know pass as they are: it does not look at what it sends.
  return body as ChatCompletionCreateParamsStreaming
}

function toChatMessage(message: Message, toCallId: (id: string) => string): object {
  const { speaker: role, content } = message
  if (message.speaker === 'tool') {
    return { role, content, tool_call_id: toCallId(message.toolCallId) }
  }
  const calls = message.speaker === 'assistant' ? (message.toolCalls ?? []) : []
  if (calls.length === 0) return { role, content }
  const tool_calls = calls.map(({ id, name, arguments: given }) => ({
    id: toCallId(id),
    type: 'function',
    function: { name, arguments: given },
  }))
  return { role, content, tool_calls }
}

function toSampling(sampling: Prompted['sampling'], rules: ChatRules): object {
  const { temperature, topP, maxTokens, seed, stop } = sampling
  const fields = {
    temperature,
    top_p: topP,
    [rules.maxTokens]: maxTokens,
    [rules.seed]: seed,
    stop: stop.length > 0 ? [...stop] : undefined,
    presence_penalty: sampling.presencePenalty,
    frequency_penalty: sampling.frequencyPenalty,
  }
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

function toToolFields({ definitions, choice, inParallel }: Tools): object {
  return {
    tools: definitions,
    ...(choice === undefined ? {} : { tool_choice: toChoice(choice) }),
    ...(inParallel === undefined ? {} : { parallel_tool_calls: inParallel }),
  }
}

function toChoice(choice: ToolChoice): unknown {
  return typeof choice === 'string' ? choice : { type: 'function', function: { name: choice.name } }
}
