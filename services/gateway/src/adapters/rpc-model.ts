import { AppError } from '@lexcustis/core'
import {
  FinishReason,
  Role,
  type StreamChatRequest,
  type StreamChatResponse,
} from '@lexcustis/proto/llm'
import type { Hop, Model, ModelEvent, Question } from '../domain/chat/ports.js'
import type { TokenSource } from '../domain/tenant-tokens.js'
import { callContext, type Peers } from './peers.js'

const RESOLVE_TIMEOUT_MS = 5_000

const ROLES = {
  system: Role.SYSTEM,
  user: Role.USER,
  assistant: Role.ASSISTANT,
  tool: Role.TOOL,
} as const

const FINISH_REASONS = {
  [FinishReason.UNSPECIFIED]: 'stop',
  [FinishReason.STOP]: 'stop',
  [FinishReason.LENGTH]: 'length',
  [FinishReason.CONTENT_FILTER]: 'content_filter',
  [FinishReason.TOOL_CALLS]: 'tool_calls',
} as const

/** The llm service: who answers for an organisation, and the answer as it comes. */
export function createRpcModel(
  { chat, providers }: Pick<Peers['llm'], 'chat' | 'providers'>,
  tokens: TokenSource,
): Model {
  return {
    async resolve({ principal, signal, traceparent }: Hop) {
      const options = { timeoutMs: RESOLVE_TIMEOUT_MS, signal, traceparent }
      const { resolved } = await providers
        .getOrgProvider({}, await callContext(tokens, principal, 'llm', options))
        .catch((cause: unknown) => {
          throw notResolved(cause)
        })
      if (!resolved) throw notResolved(undefined)
      const { fallbacks, ...provider } = resolved
      return { ...provider, fallbackRegions: fallbacks.map(({ region }) => region) }
    },
    async *stream(question, { principal, signal, traceparent }, deadline) {
      const context = await callContext(tokens, principal, 'llm', { deadline, signal, traceparent })
      for await (const message of chat.streamChat(toRequest(question), context)) {
        const event = toEvent(message)
        if (event) yield event
      }
    },
  }
}

function notResolved(cause: unknown): AppError {
  return new AppError('UNAVAILABLE', 'no model provider could be determined', {
    cause,
    retryAfterMs: 1_000,
  })
}

function toRequest(question: Question): StreamChatRequest {
  const { provider, model, messages, passages, sampling, options } = question
  return {
    provider,
    model,
    messages: messages.map(({ role, content, toolCalls = [], toolCallId = '' }) => ({
      role: ROLES[role],
      content,
      toolCalls: [...toolCalls],
      toolCallId,
    })),
    sources: passages.map(({ n, title, text, headingPath }) => ({
      n,
      title: [title, ...headingPath].join(' › '),
      text,
    })),
    temperatureE4: toE4(sampling.temperature),
    maxTokens: sampling.maxTokens,
    topPE4: toE4(sampling.topP),
    stop: [...(sampling.stop ?? [])],
    seed: sampling.seed,
    presencePenaltyE4: toE4(sampling.presencePenalty),
    frequencyPenaltyE4: toE4(sampling.frequencyPenalty),
    toolsJson: options.tools,
    toolChoiceJson: options.toolChoice,
    responseFormatJson: options.responseFormat,
    parallelToolCalls: options.inParallel,
  }
}

function toE4(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Math.round(value * 10_000)
}

function toEvent({ event }: StreamChatResponse): ModelEvent | undefined {
  switch (event?.$case) {
    case 'delta':
      return { kind: 'delta', text: storable(event.value) }
    case 'usage': {
      const { tokensIn, tokensOut, estimated, costMicro, currency } = event.value
      const cost = costMicro === undefined ? undefined : { micro: Number(costMicro), currency }
      return { kind: 'usage', usage: { tokensIn, tokensOut, isEstimated: estimated, cost } }
    }
    case 'finished': {
      const { reason, modelSnapshot, provider, model } = event.value
      // A service of the version before does not say.
      const answeredBy = provider ? { provider, model } : undefined
      return { kind: 'finished', reason: FINISH_REASONS[reason], modelSnapshot, answeredBy }
    }
    case 'toolCall': {
      const { index, id, name, arguments: given } = event.value
      return {
        kind: 'tool_call',
        index,
        id: storable(id),
        name: storable(name),
        arguments: storable(given),
      }
    }
    case undefined:
      return undefined
  }
}

/** What is shown is what is recorded, and no record can hold U+0000. */
function storable(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '\uFFFD') : text
}
