import {
  FinishReason as WireFinishReason,
  type Message as WireMessage,
  type ResolvedProvider,
  Role,
  type Source as WireSource,
  type StreamChatRequest,
  type StreamChatResponse,
} from '@lexcustis/proto/llm'
import type {
  CompletionEvent,
  FinishReason,
  Message,
  Question,
  Sampling,
  Source,
  Speaker,
} from '../domain/completion.js'
import { invalid } from '../domain/provider-choice.js'
import type { ProviderDescription } from '../domain/provider.js'

const SPEAKERS: ReadonlyMap<Role, Speaker> = new Map([
  [Role.SYSTEM, 'system'],
  [Role.USER, 'user'],
  [Role.ASSISTANT, 'assistant'],
])

const FINISH_REASONS: Readonly<Record<FinishReason, WireFinishReason>> = {
  stop: WireFinishReason.STOP,
  length: WireFinishReason.LENGTH,
  content_filter: WireFinishReason.CONTENT_FILTER,
}

const E4 = 10_000
const MAX_TEMPERATURE_E4 = 2 * E4

/** Throws INVALID_INPUT with a pointer into the request. */
export function fromRequest(request: StreamChatRequest): Question {
  const { model, messages, sources } = request
  if (messages.length === 0) throw invalid('/messages', 'must not be empty')
  return {
    model,
    messages: messages.map(fromMessage),
    sources: fromSources(sources),
    sampling: fromSampling(request),
  }
}

function fromMessage({ role, content }: WireMessage, index: number): Message {
  const speaker = SPEAKERS.get(role)
  if (!speaker) throw invalid(`/messages/${index}/role`, 'must be system, user or assistant')
  return { speaker, content }
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
}: StreamChatRequest): Sampling {
  if (maxTokens === 0) throw invalid('/max_tokens', 'must be at least 1')
  if (seed !== undefined && !Number.isSafeInteger(Number(seed))) {
    throw invalid('/seed', 'must be within 53 bits')
  }
  return {
    temperature: fromE4(temperatureE4, '/temperature_e4', MAX_TEMPERATURE_E4),
    topP: fromE4(topPE4, '/top_p_e4', E4),
    maxTokens,
    seed: seed === undefined ? undefined : Number(seed),
    stop,
  }
}

function fromE4(value: number | undefined, pointer: string, max: number): number | undefined {
  if (value === undefined) return undefined
  if (value > max) throw invalid(pointer, `must be at most ${max}`)
  return value / E4
}

export function toResponse(event: CompletionEvent): StreamChatResponse {
  switch (event.kind) {
    case 'delta':
      return { event: { $case: 'delta', value: event.text } }
    case 'usage': {
      const { tokensIn, tokensOut, isEstimated } = event.usage
      return {
        event: {
          $case: 'usage',
          value: { tokensIn, tokensOut, estimated: isEstimated, currency: '' },
        },
      }
    }
    case 'finished': {
      const { modelSnapshot } = event
      const reason = FINISH_REASONS[event.reason]
      const value = { reason, modelSnapshot, provider: '', model: '', region: '' }
      return { event: { $case: 'finished', value } }
    }
  }
}

export function toResolved({ kind, model, region, models }: ProviderDescription): ResolvedProvider {
  return { provider: kind, model, region, models: [...models], fallbacks: [] }
}
