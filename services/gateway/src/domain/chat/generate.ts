import { AppError, type Clock } from '@lexcustis/core'
import type { Answer } from './ending.js'
import type { Audience, Model, ModelEvent, Usage } from './ports.js'
import { elapsedMs } from './elapsed.js'
import { hopOf, type Prepared } from './prepare.js'
import type { Stop } from './stop.js'

/** Far above any model's longest answer; without a bound a broken provider would fill the memory. */
const ANSWER_MAX_CHARS = 1_000_000
const MAX_CALLS = 128
type ToolCallPiece = Extract<ModelEvent, { kind: 'tool_call' }>
/** Good enough to bill nobody by: used only where the provider counted nothing. */
const CHARS_PER_TOKEN = 4

export interface Generation {
  readonly model: Model
  readonly prepared: Prepared
  /** Takes the text as it comes; absent when it must be held. */
  readonly audience: Audience | undefined
  readonly stop: Stop
  readonly deadline: Date
  readonly clock: Clock
  readonly receivedMicros: bigint
}

export interface Generated {
  readonly answer: Answer
  /** What cut the answer short; absent when the provider finished it. */
  readonly failure?: { readonly cause: unknown }
}

/** Streams the answer to its end or to whatever cuts it short; never throws. */
export async function generate(generation: Generation): Promise<Generated> {
  const { model, prepared, stop, deadline } = generation
  const { request, provider, found } = prepared
  const growing = new GrowingAnswer(generation)
  try {
    const question = {
      provider: provider.provider,
      model: provider.model,
      messages: request.messages,
      passages: found.passages,
      sampling: request.sampling,
      options: request.options,
    }
    for await (const event of model.stream(question, hopOf(request, stop.signal), deadline)) {
      const wait = growing.take(event)
      // A slow client slows the provider down; one that reads nothing must not outlive a stop.
      if (wait) await Promise.race([wait, stop.stopped])
      if (stop.reason && !growing.isFinished) break
    }
    if (!growing.isFinished)
      throw new AppError('UPSTREAM_ERROR', 'the provider cut the answer short')
  } catch (cause) {
    // What happens to the stream after `finished` changes nothing.
    if (!growing.isFinished) return { answer: growing.answer(), failure: { cause } }
  }
  return { answer: growing.answer() }
}

/** Collects what the record needs to know while text passes through. */
class GrowingAnswer {
  #text = ''
  /** Of text and calls, as far as they have come. */
  #length = 0
  readonly #calls: { id: string; name: string; arguments: string }[] = []
  #usage: Usage | undefined
  #firstTokenMs: number | undefined
  #finished: Extract<ModelEvent, { kind: 'finished' }> | undefined

  constructor(private readonly generation: Generation) {}

  get isFinished(): boolean {
    return this.#finished !== undefined
  }

  take(event: ModelEvent): Promise<void> | undefined {
    if (this.#finished) return undefined
    switch (event.kind) {
      case 'delta':
        return this.#takeText(event.text)
      case 'tool_call':
        this.#takeCall(event)
        return undefined
      case 'usage':
        this.#usage = event.usage
        return undefined
      case 'finished':
        this.#finished = event
        return undefined
    }
  }

  #takeText(text: string): Promise<void> | undefined {
    if (text === '') return undefined
    const { audience, clock, receivedMicros } = this.generation
    this.#firstTokenMs ??= elapsedMs(receivedMicros, clock.nowMicros())
    this.#grow(text.length)
    this.#text += text
    return audience?.deliver(text)
  }

  /** Kept until it is whole and checked: nothing can be done with half a call. */
  #takeCall({ index, id, name, arguments: more }: ToolCallPiece): void {
    const { clock, receivedMicros } = this.generation
    this.#firstTokenMs ??= elapsedMs(receivedMicros, clock.nowMicros())
    if (index > this.#calls.length || index >= MAX_CALLS) {
      throw new AppError('UPSTREAM_ERROR', 'the provider sent calls of tools out of order')
    }
    this.#grow(name.length + more.length)
    const call = (this.#calls[index] ??= { id: '', name: '', arguments: '' })
    call.id ||= id
    call.name ||= name
    call.arguments += more
  }

  #grow(chars: number): void {
    this.#length += chars
    if (this.#length <= ANSWER_MAX_CHARS) return
    throw new AppError('UPSTREAM_ERROR', 'the provider did not stop answering')
  }

  answer(): Answer {
    return {
      text: this.#text,
      toolCalls: this.#calls,
      usage: this.#usage ?? estimate(this.generation.prepared, this.#length),
      firstTokenMs: this.#firstTokenMs,
      finishReason: this.#finished?.reason ?? 'stop',
      modelSnapshot: this.#finished?.modelSnapshot ?? '',
      answeredBy: this.#finished?.answeredBy,
    }
  }
}

function estimate({ request, found }: Prepared, answerChars: number): Usage {
  const asked = request.messages.reduce((sum, { content }) => sum + content.length, 0)
  const given = found.passages.reduce((sum, { text }) => sum + text.length, 0)
  return {
    tokensIn: Math.ceil((asked + given) / CHARS_PER_TOKEN),
    tokensOut: Math.ceil(answerChars / CHARS_PER_TOKEN),
    isEstimated: true,
  }
}

/** An answer of which there is no text, or none that may be recorded. */
export function nothingYet(prepared: Prepared, usage: Usage = estimate(prepared, 0)): Answer {
  return {
    text: '',
    toolCalls: [],
    usage,
    firstTokenMs: undefined,
    finishReason: 'stop',
    modelSnapshot: '',
  }
}
