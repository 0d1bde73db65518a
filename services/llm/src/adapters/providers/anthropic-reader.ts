import type { FinishReason, Usage } from '../../domain/completion.js'
import { estimateUsage, TokenCount } from '../../domain/token-estimate.js'
import { isCount, isModelName } from '../answer-reader.js'
import { failure } from '../provider-failure.js'
import { type ToolCallPiece, ToolCallReader } from '../tool-call-reader.js'
import { WholeText } from '../whole-text.js'
import type { AnswerReader, Prompted, Step } from './dialect.js'

/** Nothing can be relied upon in what a provider sends. */
type Fields = Readonly<Record<string, unknown>>

const NOTHING: Step = { pieces: [], isProgress: false }

/**
 * Adds up what the events of the Messages API say.
 * https://platform.claude.com/docs/en/build-with-claude/streaming
 */
export class AnthropicReader implements AnswerReader {
  finishReason: FinishReason | undefined
  modelSnapshot = ''
  /** Counts as they are known so far; the last event that has one wins. */
  private counts: Fields = {}
  private readonly text = new WholeText()
  private readonly calls = new ToolCallReader()
  private readonly written = new TokenCount()
  /** Input of the call whose block is open, until a piece of it has come. */
  private wholeInput: { readonly index: unknown; readonly input: unknown } | undefined

  read(event: unknown): Step {
    const fields = fieldsOf(event)
    switch (fields['type']) {
      case 'message_start':
        return this.begin(fieldsOf(fields['message']))
      case 'content_block_start':
        return this.beginBlock(fields['index'], fieldsOf(fields['content_block']))
      case 'content_block_delta':
        return this.addToBlock(fields['index'], fieldsOf(fields['delta']))
      case 'content_block_stop':
        return this.endBlock()
      case 'message_delta':
        return this.end(fieldsOf(fields['delta']), fields['usage'])
      // Its SDK throws this one; another client of ours would see it here.
      case 'error':
        throw failure('reported an error while answering', 'try again', true)
      default:
        // Kinds of events may be added at any time.
        return NOTHING
    }
  }

  usage(asked: Prompted): Usage {
    const { output_tokens: tokensOut } = this.counts
    const tokensIn = this.tokensIn()
    // Before its end an answer counts only what it began with.
    if (this.finishReason && tokensIn !== undefined && isCount(tokensOut)) {
      return { tokensIn, tokensOut, isEstimated: false }
    }
    const estimated = estimateUsage(asked, this.written.tokens)
    return tokensIn === undefined ? estimated : { ...estimated, tokensIn }
  }

  /** What was read from and written to the cache was sent as well. */
  private tokensIn(): number | undefined {
    const { input_tokens, cache_creation_input_tokens, cache_read_input_tokens } = this.counts
    if (!isCount(input_tokens)) return undefined
    const cached = [cache_creation_input_tokens, cache_read_input_tokens].filter(isCount)
    const sum = cached.reduce((total, count) => total + count, input_tokens)
    return isCount(sum) ? sum : undefined
  }

  private begin({ model, usage }: Fields): Step {
    if (isModelName(model)) this.modelSnapshot = model
    this.count(usage)
    return NOTHING
  }

  private beginBlock(index: unknown, block: Fields): Step {
    const { type, text, id, name, input } = block
    if (type === 'tool_use') {
      this.wholeInput = { index, input }
      return this.passCalls([{ index, id, function: { name } }])
    }
    return type === 'text' ? this.passText(text) : { pieces: [], isProgress: true }
  }

  private addToBlock(index: unknown, delta: Fields): Step {
    const { type, text, partial_json: json } = delta
    if (type === 'text_delta') return this.passText(text)
    if (type !== 'input_json_delta') return { pieces: [], isProgress: true }
    if (typeof json !== 'string' || json === '') return { pieces: [], isProgress: true }
    this.wholeInput = undefined
    return this.passCalls([{ index, function: { arguments: json } }])
  }

  /** A call without a piece of input has it in its beginning, or has none. */
  private endBlock(): Step {
    if (!this.wholeInput) return NOTHING
    const { index, input } = this.wholeInput
    this.wholeInput = undefined
    return this.passCalls([{ index, function: { arguments: JSON.stringify(input ?? {}) } }])
  }

  private end({ stop_reason: reason }: Fields, usage: unknown): Step {
    this.count(usage)
    if (typeof reason === 'string') this.finishReason = toFinishReason(reason)
    return NOTHING
  }

  private count(usage: unknown): void {
    const known = Object.entries(fieldsOf(usage)).filter(([, value]) => isCount(value))
    this.counts = { ...this.counts, ...Object.fromEntries(known) }
  }

  private passText(given: unknown): Step {
    const text = this.text.add(typeof given === 'string' ? given : '')
    this.written.add(text)
    return text ? { pieces: [{ kind: 'delta', text }], isProgress: true } : NOTHING
  }

  private passCalls(list: readonly unknown[]): Step {
    const pieces: ToolCallPiece[] = this.calls.read(list)
    for (const { name, arguments: given } of pieces) this.written.add(name + given)
    return { pieces, isProgress: true }
  }
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {}
}

/** https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons */
function toFinishReason(reason: string): FinishReason {
  switch (reason) {
    case 'max_tokens':
    case 'model_context_window_exceeded':
      return 'length'
    case 'tool_use':
      return 'tool_calls'
    case 'refusal':
      return 'content_filter'
    default:
      return 'stop'
  }
}
