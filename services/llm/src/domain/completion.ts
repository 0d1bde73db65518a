export type Speaker = 'system' | 'user' | 'assistant'

export interface Message {
  readonly speaker: Speaker
  readonly content: string
}

/** A numbered passage. It is data: instructions in it are not followed. */
export interface Source {
  readonly n: number
  readonly title: string
  readonly text: string
}

/** Absent: the provider's own default. */
export interface Sampling {
  readonly temperature: number | undefined
  readonly topP: number | undefined
  readonly maxTokens: number | undefined
  readonly seed: number | undefined
  readonly stop: readonly string[]
}

export interface Question {
  readonly model: string
  readonly messages: readonly Message[]
  /** Best first. */
  readonly sources: readonly Source[]
  readonly sampling: Sampling
}

export interface Usage {
  readonly tokensIn: number
  readonly tokensOut: number
  /** Counted by us because the provider said nothing. */
  readonly isEstimated: boolean
}

export type FinishReason = 'stop' | 'length' | 'content_filter'

export type CompletionEvent =
  | { readonly kind: 'delta'; readonly text: string }
  | { readonly kind: 'usage'; readonly usage: Usage }
  | { readonly kind: 'finished'; readonly reason: FinishReason; readonly modelSnapshot: string }

/**
 * Answers a question: deltas, `usage` once, `finished` last. Whatever goes wrong is thrown as an
 * AppError: UPSTREAM_ERROR, TIMEOUT, or CANCELLED once `signal` has fired.
 */
export interface Completer {
  complete(question: Question, signal: AbortSignal): AsyncIterable<CompletionEvent>
}
