import { AppError } from '@lexcustis/core'
import type { Completer, CompletionEvent, Question } from './completion.js'
import type { Provider } from './provider.js'
import { UpstreamError } from './upstream-error.js'

/** Somebody who can be asked. */
export interface Link {
  readonly provider: Provider
  readonly completer: Completer
}

export type OnFallback = (from: Provider, to: Provider) => void

/** A key, a model or a quota of the provider before; nothing about the question. */
const MAY_ASK_ANOTHER = new Set([401, 402, 403, 404])

/**
 * Asks one after the other until somebody answers. Only while nothing of an answer has come: then the
 * person has seen what the first one said. A question that was refused for itself (too long, filtered,
 * a field that the provider does not take) is not taken elsewhere until somebody agrees.
 */
export class FallbackCompleter implements Completer {
  constructor(
    private readonly links: readonly [Link, ...Link[]],
    private readonly onFallback: OnFallback,
  ) {}

  async *complete(question: Question, signal: AbortSignal): AsyncGenerator<CompletionEvent> {
    let failure: unknown
    let before: Provider | undefined
    for (const { provider, completer } of this.links) {
      if (before) this.onFallback(before, provider)
      // The first one was named together with its model; the others have one of their own.
      const own = before ? { ...question, model: provider.model } : question
      const attempt = new Attempt(completer.complete(own, signal))
      yield* attempt
      if (!attempt.failed) return
      const { error } = attempt.failed
      if (attempt.hasBegun || signal.aborted) throw error
      // What a fallback cannot do says nothing about the one before: that failure is told.
      if (!before || mayAskAnother(error)) failure = error
      if (!mayAskAnother(failure)) throw failure
      before = provider
    }
    throw failure
  }
}

/** One provider's answer; how it failed is kept instead of thrown. */
class Attempt implements AsyncIterable<CompletionEvent> {
  hasBegun = false
  failed: { readonly error: unknown } | undefined

  constructor(private readonly events: AsyncIterable<CompletionEvent>) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<CompletionEvent> {
    try {
      for await (const event of this.events) {
        this.hasBegun = true
        yield event
      }
    } catch (error) {
      this.failed = { error }
    }
  }
}

function mayAskAnother(error: unknown): boolean {
  if (error instanceof UpstreamError) {
    return error.isTransient || MAY_ASK_ANOTHER.has(error.status ?? 0)
  }
  return AppError.from(error).reason === 'TIMEOUT'
}
