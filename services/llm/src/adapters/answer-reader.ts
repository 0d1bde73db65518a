import { isWellFormedText } from '@lexcustis/core'
import type { ChatCompletionChunk } from 'openai/resources/chat/completions'
import type { FinishReason, Message, Usage } from '../domain/completion.js'
import { estimateUsage } from '../domain/token-estimate.js'
import { failure } from './provider-failure.js'

/** Nothing can be relied upon in what a provider sends. */
interface Fields {
  readonly object?: unknown
  readonly model?: unknown
  readonly usage?: unknown
  readonly choices?: unknown
  readonly delta?: unknown
  readonly finish_reason?: unknown
  readonly [name: string]: unknown
}

interface Step {
  readonly text: string
  readonly isProgress: boolean
}

const MAX_UINT32 = 0xffff_ffff
/** Models are named in tens of characters; what is longer is not a name. */
const MAX_SNAPSHOT = 200

/** Adds up what the chunks of an answer say. */
export class AnswerReader {
  finishReason: FinishReason | undefined
  modelSnapshot = ''
  private characters = 0
  private counted: Usage | undefined
  private held = ''

  /** Text to pass on, and whether the model did anything at all, thinking included. */
  read(chunk: ChatCompletionChunk): Step {
    const loose: unknown = chunk
    if (typeof loose !== 'object' || loose === null) {
      throw failure('sent an event of an unknown form', 'check its base URL')
    }
    const { object, model, usage, choices } = loose as Fields
    // vLLM reports a failure in this form, and says [DONE] behind it as if nothing had happened.
    if (object === 'error') throw failure('reported an error while answering', 'try again')
    if (!this.modelSnapshot && isName(model)) this.modelSnapshot = model
    this.counted = toUsage(usage) ?? this.counted
    const choice = Array.isArray(choices) ? (choices[0] as Fields | null | undefined) : undefined
    return choice ? this.step(choice) : { text: '', isProgress: false }
  }

  private step({ delta, finish_reason: finish }: Fields): Step {
    if (typeof finish === 'string' && finish) this.finishReason = toFinishReason(finish)
    const fields = (delta ?? {}) as Fields
    const text = this.whole(textOf(fields['content']) || textOf(fields['refusal']))
    this.characters += text.length
    const isThinking = THOUGHTS.some((name) => hasContent(fields[name]))
    return { text, isProgress: text !== '' || isThinking }
  }

  /** The provider's count; ours when it made none. */
  usage(prompt: readonly Message[]): Usage {
    return this.counted ?? estimateUsage(prompt, this.characters)
  }

  /** Half of a surrogate pair waits for the other half: alone it cannot be encoded. */
  private whole(text: string): string {
    const joined = this.held + text
    const last = joined.charCodeAt(joined.length - 1)
    const isHalf = last >= 0xd800 && last <= 0xdbff
    this.held = isHalf ? joined.slice(-1) : ''
    return isHalf ? joined.slice(0, -1) : joined
  }
}

/** Where models put what they think; Mistral's put it among the parts of the content. */
const THOUGHTS = ['content', 'reasoning_content', 'reasoning'] as const

function hasContent(value: unknown): boolean {
  return typeof value === 'string' || Array.isArray(value) ? value.length > 0 : false
}

/** It is stored and recorded: it has to be text that can be. */
function isName(model: unknown): model is string {
  return typeof model === 'string' && model.length <= MAX_SNAPSHOT && isWellFormedText(model)
}

/** A string, or the list of parts that some models send. */
function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content
    .map((part: unknown) => (part as { text?: unknown } | null)?.text)
    .filter((text) => typeof text === 'string')
    .join('')
}

function toFinishReason(reason: string): FinishReason {
  switch (reason) {
    case 'length':
    case 'model_length':
      return 'length'
    case 'content_filter':
      return 'content_filter'
    case 'error':
      throw failure('reported an error while answering', 'try again')
    default:
      return 'stop'
  }
}

function toUsage(usage: unknown): Usage | undefined {
  const { prompt_tokens: tokensIn, completion_tokens: tokensOut } = (usage ?? {}) as Readonly<
    Record<string, unknown>
  >
  if (!isCount(tokensIn) || !isCount(tokensOut)) return undefined
  return { tokensIn, tokensOut, isEstimated: false }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= MAX_UINT32
}
