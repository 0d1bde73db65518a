import type { ChatCompletionCreateParamsStreaming } from 'openai/resources/chat/completions'
import type { Completer, CompletionEvent, Message, Question } from '../domain/completion.js'
import { assemblePrompt } from '../domain/prompt.js'
import { type Dialect, type Endpoint, type KindName, kindOf } from '../domain/provider.js'
import { AnswerReader } from './answer-reader.js'
import type { OpenAiClients } from './openai-client.js'
import { failure, toProviderFailure } from './provider-failure.js'
import { StreamDeadline, type StreamTimeouts } from './stream-deadline.js'

/** Answers through any endpoint that speaks OpenAI's chat completions. */
export class OpenAiCompleter implements Completer {
  private readonly dialect: Dialect

  constructor(
    private readonly clients: OpenAiClients,
    private readonly endpoint: Endpoint,
    kind: KindName,
    private readonly timeouts: StreamTimeouts,
  ) {
    this.dialect = kindOf(kind).dialect
  }

  async *complete(question: Question, caller: AbortSignal): AsyncGenerator<CompletionEvent> {
    const prompt = assemblePrompt(question)
    const reader = new AnswerReader()
    const deadline = new StreamDeadline(caller, this.timeouts)
    try {
      const body = toBody(question, prompt, this.dialect)
      yield* this.deltas(body, reader, deadline)
    } finally {
      deadline.close()
    }
    yield { kind: 'usage', usage: reader.usage(prompt) }
    const { finishReason = 'stop', modelSnapshot } = reader
    yield { kind: 'finished', reason: finishReason, modelSnapshot }
  }

  /** Returns once the answer is complete; throws whatever kept it from that. */
  private async *deltas(
    body: ChatCompletionCreateParamsStreaming,
    reader: AnswerReader,
    deadline: StreamDeadline,
  ): AsyncGenerator<CompletionEvent> {
    let isDone = false
    try {
      isDone = yield* this.chunks(body, reader, deadline)
    } catch (error) {
      // Once the model has said that it is finished, nothing that follows takes this back.
      if (!reader.finishReason) throw deadline.error ?? toProviderFailure(error)
    }
    // The SDK ends a stream quietly when it is aborted.
    const { error } = deadline
    if (error?.reason === 'CANCELLED') throw error
    if (reader.finishReason || isDone) return
    throw error ?? failure('ended its answer without saying so', 'try again')
  }

  /** Whether the stream ended with [DONE]. */
  private async *chunks(
    body: ChatCompletionCreateParamsStreaming,
    reader: AnswerReader,
    deadline: StreamDeadline,
  ): AsyncGenerator<CompletionEvent, boolean> {
    const { data, response } = await this.clients
      .of(this.endpoint)
      .chat.completions.create(body, { signal: deadline.signal })
      .withResponse()
    for await (const chunk of data) {
      const { text, isProgress } = reader.read(chunk)
      deadline.received(isProgress)
      if (text) {
        deadline.paused()
        yield { kind: 'delta', text }
        deadline.resumed()
      }
      if (reader.finishReason) deadline.finished()
    }
    return this.clients.isDone(response)
  }
}

function toBody(
  { model, sampling }: Question,
  prompt: readonly Message[],
  dialect: Dialect,
): ChatCompletionCreateParamsStreaming {
  const { temperature, topP, maxTokens, seed, stop } = sampling
  return {
    model,
    messages: prompt.map(({ speaker, content }) => ({ role: speaker, content })),
    stream: true,
    ...(dialect.alwaysCounts ? {} : { stream_options: { include_usage: true } }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(maxTokens === undefined ? {} : { [dialect.maxTokens]: maxTokens }),
    ...(seed === undefined ? {} : { [dialect.seed]: seed }),
    ...(stop.length > 0 ? { stop: [...stop] } : {}),
  }
}
