import {
  FinishReason as WireFinishReason,
  type Message as WireMessage,
  type ResolvedProvider,
  Role,
  type SetOrgProviderRequest,
  type Source as WireSource,
  type StreamChatRequest,
  type StreamChatResponse,
  type ToolCall as WireToolCall,
} from '@lexcustis/proto/llm'
import type {
  CompletionEvent,
  FinishReason,
  Message,
  Question,
  Sampling,
  Source,
  Usage,
} from '../domain/completion.js'
import type { Cost } from '../domain/price-table.js'
import { invalid, type ProviderChoice } from '../domain/provider-choice.js'
import type { ProviderSettings, SettingsRequest } from '../domain/provider-settings.js'
import type { ProviderDescription } from '../domain/provider.js'
import { readFormat, readTools } from './read-json-fields.js'

const FINISH_REASONS: Readonly<Record<FinishReason, WireFinishReason>> = {
  stop: WireFinishReason.STOP,
  length: WireFinishReason.LENGTH,
  content_filter: WireFinishReason.CONTENT_FILTER,
  tool_calls: WireFinishReason.TOOL_CALLS,
}

const E4 = 10_000
const MAX_TEMPERATURE = 2
const MAX_PENALTY = 2

/** Throws INVALID_INPUT with a pointer in the words of OpenAI's API, in which people ask. */
export function fromRequest(request: StreamChatRequest): Question {
  const { model, messages, sources } = request
  if (messages.length === 0) throw invalid('/messages', 'must not be empty')
  return {
    model,
    messages: fromMessages(messages),
    sources: fromSources(sources),
    sampling: fromSampling(request),
    tools: readTools(request),
    format: readFormat(request.responseFormatJson),
  }
}

function fromMessages(messages: readonly WireMessage[]): Message[] {
  const calls = new Set<string>()
  return messages.map((message, index) => {
    const pointer = `/messages/${index}`
    const read = fromMessage(message, pointer)
    if (read.speaker === 'tool' && !calls.has(read.toolCallId)) {
      throw invalid(`${pointer}/tool_call_id`, 'must be the id of a call in a message before')
    }
    for (const { id } of message.toolCalls) calls.add(id)
    return read
  })
}

function fromMessage(message: WireMessage, pointer: string): Message {
  const { role, content, toolCalls, toolCallId } = message
  assertOwner(message, pointer)
  switch (role) {
    case Role.SYSTEM:
      return { speaker: 'system', content }
    case Role.USER:
      return { speaker: 'user', content }
    case Role.ASSISTANT:
      toolCalls.forEach((call, at) => assertCall(call, `${pointer}/tool_calls/${at}`))
      return { speaker: 'assistant', content, ...(toolCalls.length > 0 ? { toolCalls } : {}) }
    case Role.TOOL:
      return { speaker: 'tool', content, toolCallId }
    case Role.UNSPECIFIED:
    default:
      throw invalid(`${pointer}/role`, 'must be system, user, assistant or tool')
  }
}

function assertOwner({ role, toolCalls, toolCallId }: WireMessage, pointer: string): void {
  if (toolCalls.length > 0 && role !== Role.ASSISTANT) {
    throw invalid(`${pointer}/tool_calls`, 'belong to the assistant')
  }
  if (toolCallId && role !== Role.TOOL) {
    throw invalid(`${pointer}/tool_call_id`, 'belongs to a tool')
  }
}

function assertCall({ id, name }: WireToolCall, pointer: string): void {
  if (!id) throw invalid(`${pointer}/id`, 'must not be empty')
  if (!name) throw invalid(`${pointer}/function/name`, 'must not be empty')
}

function fromSources(sources: readonly WireSource[]): Source[] {
  const seen = new Set<number>()
  return sources.map(({ n, title, text }, index) => {
    if (n < 1 || seen.has(n)) throw invalid(`/sources/${index}/n`, 'must be unique, from 1')
    seen.add(n)
    return { n, title, text }
  })
}

function fromSampling({
  temperatureE4,
  topPE4,
  maxTokens,
  stop,
  seed,
  presencePenaltyE4,
  frequencyPenaltyE4,
}: StreamChatRequest): Sampling {
  if (maxTokens === 0) throw invalid('/max_tokens', 'must be at least 1')
  if (seed !== undefined && !Number.isSafeInteger(Number(seed))) {
    throw invalid('/seed', 'must be within 53 bits')
  }
  return {
    temperature: fromE4(temperatureE4, '/temperature', 0, MAX_TEMPERATURE),
    topP: fromE4(topPE4, '/top_p', 0, 1),
    maxTokens,
    seed: seed === undefined ? undefined : Number(seed),
    stop,
    presencePenalty: fromE4(presencePenaltyE4, '/presence_penalty', -MAX_PENALTY, MAX_PENALTY),
    frequencyPenalty: fromE4(frequencyPenaltyE4, '/frequency_penalty', -MAX_PENALTY, MAX_PENALTY),
  }
}

function fromE4(
  given: number | undefined,
  pointer: string,
  min: number,
  max: number,
): number | undefined {
  if (given === undefined) return undefined
  const value = given / E4
  if (value < min || value > max) throw invalid(pointer, `must be from ${min} to ${max}`)
  return value
}

export function toUsage(
  { tokensIn, tokensOut, isEstimated: estimated }: Usage,
  cost: Cost | undefined,
): StreamChatResponse {
  const price = { costMicro: cost?.micro, currency: cost?.currency ?? '' }
  return { event: { $case: 'usage', value: { tokensIn, tokensOut, estimated, ...price } } }
}

export function toResponse(event: Exclude<CompletionEvent, { kind: 'usage' }>): StreamChatResponse {
  switch (event.kind) {
    case 'delta':
      return { event: { $case: 'delta', value: event.text } }
    case 'tool_call': {
      const { index, id, name, arguments: given } = event
      return { event: { $case: 'toolCall', value: { index, id, name, arguments: given } } }
    }
    case 'finished': {
      const { modelSnapshot, provider, model, region } = event
      const reason = FINISH_REASONS[event.reason]
      return {
        event: { $case: 'finished', value: { reason, modelSnapshot, provider, model, region } },
      }
    }
  }
}

/** `fallbacks`: those of the organisation, in order. */
export function toResolved(
  { kind, model, region, models }: ProviderDescription,
  fallbacks: readonly ProviderChoice[],
): ResolvedProvider {
  return {
    provider: kind,
    model,
    region,
    models: [...models],
    fallbacks: fallbacks.map((fallback) => ({
      provider: fallback.kind,
      model: fallback.model,
      region: fallback.region,
      baseUrl: fallback.baseUrl,
      hasApiKey: fallback.sealedKey !== undefined,
    })),
  }
}

/** What an organisation asks for; `toSettings` checks it. */
export function fromSetRequest(request: SetOrgProviderRequest): SettingsRequest {
  const { provider, model, baseUrl, apiKey, region } = request
  const { allowedRegions, fallbacks, temperatureE4, maxTokens } = request
  return {
    choice: { provider, model, baseUrl, apiKey, region },
    fallbacks,
    allowedRegions,
    temperature: temperatureE4 === undefined ? undefined : temperatureE4 / E4,
    maxTokens,
  }
}

/** The settings of a request, or the organisation's where it gives none. */
export function withSettings(
  sampling: Sampling,
  { temperature, maxTokens }: Pick<ProviderSettings, 'temperature' | 'maxTokens'>,
): Sampling {
  const bounds = [sampling.maxTokens, maxTokens].filter((bound) => bound !== undefined)
  return {
    ...sampling,
    temperature: sampling.temperature ?? temperature,
    maxTokens: bounds.length === 0 ? undefined : Math.min(...bounds),
  }
}

export function toE4(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Math.round(value * E4)
}
