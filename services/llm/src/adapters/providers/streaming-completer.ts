import type { AppError } from '@lexcustis/core'
import type { Completer, CompletionEvent, Question } from '../../domain/completion.js'
import { assemblePrompt, contextSizeOf } from '../../domain/prompt.js'
import { failure, toProviderFailure } from '../provider-failure.js'
import { StreamDeadline, type StreamTimeouts } from '../stream-deadline.js'
import type {
  AnswerPiece,
  AnswerReader,
  Dialect,
  Prompted,
  ReadyProvider,
  Send,
} from './dialect.js'

export interface AnswerLimits extends StreamTimeouts {
  /** Of an answer, calls of tools included, in UTF-16 units. */
  readonly maxChars: number
}

/** Answers through a provider that streams, whatever its dialect. */
export class StreamingCompleter implements Completer {
  constructor(
    private readonly dialect: Dialect,
    private readonly provider: ReadyProvider,
    private readonly limits: AnswerLimits,
  ) {}

  async *complete(question: Question, caller: AbortSignal): AsyncGenerator<CompletionEvent> {
    const messages = assemblePrompt(question, contextSizeOf(this.provider))
    const asked: Prompted = { ...question, messages, sources: [] }
    const send = this.dialect.prepare(asked, this.provider.endpoint)
    const reader = this.dialect.createReader()
    let hasBegun = false
    try {
      for await (const event of this.answer(send, reader, caller)) {
        hasBegun = true
        yield event
      }
    } catch (error) {
      // What was answered before it broke off was paid for as well.
      if (hasBegun) yield { kind: 'usage', usage: reader.usage(asked) }
      throw error
    }
    yield { kind: 'usage', usage: reader.usage(asked) }
    const { finishReason: reason = 'stop', modelSnapshot } = reader
    const { kind: provider, region } = this.provider
    yield { kind: 'finished', reason, modelSnapshot, provider, model: question.model, region }
  }

  private async *answer(
    send: Send,
    reader: AnswerReader,
    caller: AbortSignal,
  ): AsyncGenerator<CompletionEvent> {
    const deadline = new StreamDeadline(caller, this.limits)
    try {
      yield* this.untilComplete(send, reader, deadline)
    } finally {
      deadline.close()
    }
  }

  /** Returns once the answer is complete; throws whatever kept it from that. */
  private async *untilComplete(
    send: Send,
    reader: AnswerReader,
    deadline: StreamDeadline,
  ): AsyncGenerator<CompletionEvent> {
    let isDone = false
    try {
      isDone = yield* this.pieces(send, reader, deadline)
    } catch (error) {
      // Once the model has said that it is finished, nothing that follows takes this back.
      if (!reader.finishReason) throw deadline.error ?? toProviderFailure(error)
    }
    // The SDKs end a stream quietly when it is aborted.
    const { error } = deadline
    if (error?.reason === 'CANCELLED') throw error
    if (reader.finishReason || isDone) return
    throw error ?? failure('ended its answer without saying so', 'try again', true)
  }

  /** Whether the stream said that it is complete. */
  private async *pieces(
    send: Send,
    reader: AnswerReader,
    deadline: StreamDeadline,
  ): AsyncGenerator<CompletionEvent, boolean> {
    const opened = await send(deadline.signal)
    let length = 0
    for await (const event of opened.events) {
      const { pieces, isProgress } = reader.read(event)
      deadline.received(isProgress)
      for (const piece of pieces) {
        length += lengthOf(piece)
        if (length > this.limits.maxChars) throw this.endless()
        deadline.paused()
        yield piece
        deadline.resumed()
      }
      if (reader.finishReason) deadline.finished()
    }
    return opened.isDone()
  }

  private endless(): AppError {
    const advice = 'give max_tokens, or raise LLM_ANSWER_MAX_CHARS'
    return failure(`answered more than ${this.limits.maxChars} characters`, advice)
  }
}

/** UTF-16 units; what a tool is called with counts like text. */
function lengthOf(piece: AnswerPiece): number {
  return piece.kind === 'delta' ? piece.text.length : piece.name.length + piece.arguments.length
}
