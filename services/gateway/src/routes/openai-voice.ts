import type { FinishReason, Opening, Usage } from '../domain/chat/ports.js'
import type { ToolCall } from '../domain/chat/request.js'
import type { ChatResult } from '../domain/chat/result.js'
import { toOpenAiError } from '../plugins/openai-error.js'
import { DONE, dataFrame } from '../sse.js'
import { toReceiptJson, toSignalJson, toSourcesJson } from './chat-voice.js'
import type { StreamVoice } from './serve-chat.js'

type Ended = Exclude<ChatResult, { kind: 'failed' }>

/** Ids are ours, never a provider's. */
const completionId = (requestId: string): string => `chatcmpl-${requestId}`

function finishReasonOf(result: Ended): FinishReason {
  return result.kind === 'blocked' ? 'content_filter' : result.answer.finishReason
}

function usageOf(result: Ended) {
  const { tokensIn, tokensOut }: Pick<Usage, 'tokensIn' | 'tokensOut'> = result.answer?.usage ?? {
    tokensIn: 0,
    tokensOut: 0,
  }
  return {
    prompt_tokens: tokensIn,
    completion_tokens: tokensOut,
    total_tokens: tokensIn + tokensOut,
  }
}

/** What OpenAI's format has no place for. */
function extensionOf(result: ChatResult) {
  const { opening, receipt } = result
  return {
    request_id: opening.requestId,
    sources: toSourcesJson(opening).items,
    receipt: receipt ? toReceiptJson(receipt) : null,
    ...(opening.isDegraded ? { degraded: true } : {}),
    ...(result.kind === 'completed' && result.signal
      ? { signal: toSignalJson(result.signal) }
      : {}),
    ...(result.kind === 'blocked'
      ? { blocked: { stage: result.stage, reasons: result.reasons } }
      : {}),
  }
}

/** The answer as a whole: `chat.completion`. A blocked answer has no text. */
export function toCompletion(result: Ended, created: number): object {
  const { requestId, model } = result.opening
  return {
    id: completionId(requestId),
    object: 'chat.completion',
    created,
    model,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', ...saidIn(result), refusal: null },
        logprobs: null,
        finish_reason: finishReasonOf(result),
      },
    ],
    usage: usageOf(result),
    lexcustis: extensionOf(result),
  }
}

/** What only calls tools says nothing; what is blocked neither says nor calls anything. */
function saidIn(result: Ended): object {
  if (result.kind !== 'completed') return { content: '' }
  const { text, toolCalls } = result.answer
  if (toolCalls.length === 0) return { content: text }
  return { content: text === '' ? null : text, tool_calls: toolCalls.map(toCallJson) }
}

function toCallJson({ id, name, arguments: given }: ToolCall) {
  return { id, type: 'function', function: { name, arguments: given } }
}

/** The answer in chunks. Calls of tools come whole, behind the text: docs/decisions/0024. The last one with a choice waits until the end is recorded. */
export function openAiVoice(created: number, includeUsage: boolean): StreamVoice {
  // Usage is null on every chunk but the last when it was asked for, and absent when it was not.
  const usage = includeUsage ? { usage: null } : {}
  let before = ''
  let behind = ''

  const head = ({ requestId, model }: Opening) => ({
    id: completionId(requestId),
    object: 'chat.completion.chunk',
    created,
    model,
  })
  const chunk = (opening: Opening, delta: object, finishReason: FinishReason | null) => ({
    ...head(opening),
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }],
    ...usage,
  })

  return {
    open(opening) {
      // All text chunks look alike: they are rendered once, around the place of the text.
      const sample = dataFrame(chunk(opening, { content: '' }, null))
      const place = sample.indexOf(CONTENT) + CONTENT.length
      before = sample.slice(0, place)
      behind = sample.slice(place + EMPTY.length)
      return dataFrame(chunk(opening, { role: 'assistant', content: '' }, null))
    },
    text: (text) => before + JSON.stringify(text) + behind,
    close(result) {
      if (result.kind === 'failed') {
        return dataFrame({ ...toOpenAiError(result.error), lexcustis: extensionOf(result) })
      }
      const calls = result.kind === 'completed' ? result.answer.toolCalls : []
      const delta = { tool_calls: calls.map((call, index) => ({ index, ...toCallJson(call) })) }
      const called = calls.length > 0 ? dataFrame(chunk(result.opening, delta, null)) : ''
      const last = {
        ...chunk(result.opening, {}, finishReasonOf(result)),
        lexcustis: extensionOf(result),
      }
      const counted = { ...head(result.opening), choices: [], usage: usageOf(result) }
      return called + dataFrame(last) + (includeUsage ? dataFrame(counted) : '') + DONE
    },
  }
}

const CONTENT = '"delta":{"content":'
const EMPTY = '""'
