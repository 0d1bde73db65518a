import { isWellFormedText } from '@lexcustis/core'
import type { FinishReason, Usage } from '../domain/completion.js'
import { estimateUsage, TokenCount } from '../domain/token-estimate.js'
import { failure } from './provider-failure.js'
import type { AnswerReader, Prompted, Step } from './providers/dialect.js'
import { ToolCallReader } from './tool-call-reader.js'
import { WholeText } from './whole-text.js'

/** Nothing can be relied upon in what a provider sends. */
interface Fields {
  readonly object?: unknown
  readonly model?: unknown
  readonly usage?: unknown
  readonly choices?: unknown
  readonly delta?: unknown
  readonly index?: unknown
  readonly finish_reason?: unknown
  readonly [name: string]: unknown
}

const NOTHING: Step = { pieces: [], isProgress: false }
const MAX_UINT32 = 0xffff_ffff
/** Models are named in tens of characters; what is longer is not a name. */
const MAX_SNAPSHOT = 200

/** Adds up what the chunks of an answer in OpenAI's form say. */
export class ChunkReader implements AnswerReader {
  modelSnapshot = ''
  private finish: FinishReason | undefined
  private counted: Usage | undefined
  private readonly text = new WholeText()
  private readonly calls = new ToolCallReader()
  private readonly written = new TokenCount()

  get finishReason(): FinishReason | undefined {
    // A call that was forced, and any call of some endpoints, ends with a plain "stop".
    return this.finish === 'stop' && !this.calls.isEmpty ? 'tool_calls' : this.finish
  }

  read(chunk: unknown): Step {
    if (typeof chunk !== 'object' || chunk === null) {
      throw failure('sent an event of an unknown form', 'check its base URL')
    }
    const { object, model, usage, choices } = chunk as Fields
    // vLLM reports a failure in this form, and says [DONE] behind it as if nothing had happened.
    if (object === 'error') throw failure('reported an error while answering', 'try again', true)
    if (!this.modelSnapshot && isModelName(model)) this.modelSnapshot = model
    this.counted = toUsage(usage) ?? this.counted
    const choice = firstOf(choices)
    return choice ? this.step(choice) : NOTHING
  }

  usage(asked: Prompted): Usage {
    return this.counted ?? estimateUsage(asked, this.written.tokens)
  }

  private step({ delta, finish_reason: finish }: Fields): Step {
    if (typeof finish === 'string' && finish) this.finish = toFinishReason(finish)
    const fields = (delta ?? {}) as Fields
    const text = this.text.add(textOf(fields['content']) || textOf(fields['refusal']))
    const calls = this.calls.read(fields['tool_calls'])
    this.written.add(text)
    for (const call of calls) this.written.add(call.name + call.arguments)
    const isThinking = THOUGHTS.some((name) => hasContent(fields[name]))
    return {
      pieces: text ? [{ kind: 'delta', text }, ...calls] : calls,
      isProgress: text !== '' || calls.length > 0 || isThinking,
    }
  }
}

/** We never ask for more than one; an endpoint that sends more is read as if it had sent one. */
function firstOf(choices: unknown): Fields | undefined {
  if (!Array.isArray(choices)) return undefined
  return choices.find((choice: Fields | null) => (choice?.index ?? 0) === 0) as Fields | undefined
}

/** Where models put what they think; Mistral's put it among the parts of the content. */
const THOUGHTS = ['content', 'reasoning_content', 'reasoning'] as const

function hasContent(value: unknown): boolean {
  return typeof value === 'string' || Array.isArray(value) ? value.length > 0 : false
}

/** It is stored and recorded: it has to be text that can be. */
export function isModelName(model: unknown): model is string {
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
    case 'tool_calls':
      return reason
    case 'error':
      throw failure('reported an error while answering', 'try again', true)
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

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= MAX_UINT32
}
