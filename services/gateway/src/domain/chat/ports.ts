import type { TenantPrincipal } from '../principal.js'
import type { ChatMessage, ModelOptions, Passage, Sampling, ToolCall } from './request.js'

/** What travels with every call that one chat makes. */
export interface Hop {
  readonly principal: TenantPrincipal
  /** W3C `traceparent` of the chat. */
  readonly traceparent: string
  /** Aborting cancels the call at the peer at once. */
  readonly signal?: AbortSignal | undefined
}

/** What checks found in a text: counts and rule ids, never the text itself. */
export interface Findings {
  /** Kind of personal data → how often. */
  readonly pii: Readonly<Record<string, number>>
  /** Ids of the rules that fired, each once, sorted. */
  readonly rules: readonly string[]
  /** Kinds of biased language, each once, sorted. */
  readonly bias: readonly string[]
}

export interface InputVerdict {
  readonly isBlocked: boolean
  readonly reasons: readonly string[]
  readonly findings: Findings
  readonly injectionE4: number
  readonly policyVersion: string
  /** The policy can block an answer: nothing of it may leave before `checkAnswer` allowed it. */
  readonly mustHoldOutput: boolean
}

export interface OutputVerdict {
  readonly isBlocked: boolean
  readonly reasons: readonly string[]
  readonly findings: Findings
  readonly confidenceE4: number
  readonly groundingE4: number
  /** Why the person must be told that the answer is weak; empty when it is not. */
  readonly signalReasons: readonly string[]
  readonly checksFailed: readonly string[]
}

export interface AnswerToCheck {
  readonly question: string
  readonly answer: string
  readonly toolCalls: readonly ToolCall[]
  readonly passages: readonly Passage[]
}

/** A source in which an instruction to the model was found. */
export interface SourceVerdict {
  readonly n: number
  /** For example "injection:instruction_override". */
  readonly reasons: readonly string[]
  /** The policy keeps it from the model. */
  readonly isWithheld: boolean
}

/** A verdict is an answer; a call that fails means that no verdict could be given. */
export interface Checks {
  /** Tools are text that a model reads, so they are checked like messages. */
  checkInput(
    messages: readonly ChatMessage[],
    options: ModelOptions,
    hop: Hop,
  ): Promise<InputVerdict>
  /** Verdicts on the sources in which something was found. */
  checkSources(passages: readonly Passage[], hop: Hop): Promise<readonly SourceVerdict[]>
  checkAnswer(answer: AnswerToCheck, hop: Hop): Promise<OutputVerdict>
}

export type RetrievalMode = 'hybrid' | 'sparse' | 'off' | 'failed'

export interface Found {
  readonly passages: readonly Passage[]
  readonly retrieval: RetrievalMode
  /** Less was searched than asked for, or a source was withheld. */
  readonly isDegraded: boolean
  /** What was found in the sources, each once, sorted. */
  readonly sourceRules?: readonly string[]
}

export interface Search {
  search(query: string, documentIds: readonly string[], hop: Hop): Promise<Found>
}

/** Who answers for the organisation. */
export interface ResolvedProvider {
  readonly provider: string
  readonly model: string
  readonly region: string
  /** Models a client may name; contains `model`. */
  readonly models: readonly string[]
  /** Where data goes when others have to be asked, in their order. */
  readonly fallbackRegions: readonly string[]
}

export interface Usage {
  readonly tokensIn: number
  readonly tokensOut: number
  /** Counted by us, because the provider said nothing. */
  readonly isEstimated: boolean
  /** From the price table; absent when it has no price. */
  readonly cost?: { readonly micro: number; readonly currency: string } | undefined
}

/** Who answered: a fallback when the one planned could not. */
export interface AnsweredBy {
  readonly provider: string
  readonly model: string
}

export type FinishReason = 'stop' | 'length' | 'content_filter' | 'tool_calls'

export type ModelEvent =
  | { readonly kind: 'delta'; readonly text: string }
  | {
      /** A piece of a call: the id and the name in its first one. */
      readonly kind: 'tool_call'
      /** Which call, from 0. */
      readonly index: number
      readonly id: string
      readonly name: string
      readonly arguments: string
    }
  | { readonly kind: 'usage'; readonly usage: Usage }
  | {
      readonly kind: 'finished'
      readonly reason: FinishReason
      /** As the provider named it; empty when it did not. */
      readonly modelSnapshot: string
      /** Absent when it was not said: then it is whoever was planned. */
      readonly answeredBy?: AnsweredBy | undefined
    }

export interface Question {
  readonly provider: string
  readonly model: string
  readonly messages: readonly ChatMessage[]
  readonly passages: readonly Passage[]
  readonly sampling: Sampling
  readonly options: ModelOptions
}

export interface Model {
  resolve(hop: Hop): Promise<ResolvedProvider>
  /** Ends with `finished`; a stream that ends without it was cut. */
  stream(question: Question, hop: Hop, deadline: Date): AsyncIterable<ModelEvent>
}

export type ContentField = 'prompt' | 'response' | 'passages'

/** An event to seal, in the organisation of the hop. */
export interface NewRecord {
  readonly id: string
  readonly type: 'chat.started' | 'chat.completed' | 'chat.blocked' | 'chat.aborted'
  /** RFC 3339, UTC, six digits. */
  readonly occurredAt: string
  readonly ref?: string
  readonly trace: string
  readonly attrs: Readonly<Record<string, unknown>>
  readonly content: readonly { readonly field: ContentField; readonly value: string }[]
}

/** Where a record stands in the log. */
export interface Sealed {
  readonly entryId: string
  readonly sequence: bigint
  /** Leaf hash, 64 hex digits. */
  readonly entryHash: string
  readonly checkpointSize: bigint
}

export interface Evidence {
  /** Resolves once the record is durable. The same record again gets the first answer. */
  append(record: NewRecord, hop: Hop): Promise<Sealed>
  /** The record with this id, or undefined when there is none. */
  find(id: string, hop: Hop): Promise<Sealed | undefined>
}

/** The client's side of one chat. Nothing here throws: a client that is gone takes no more text. */
export interface Audience {
  /** The start is durable: from now on there will be an answer, or an end that says why not. */
  open(opening: Opening): void
  /** More of the answer; a promise resolves once the client wants more, or is gone. */
  deliver(text: string): Promise<void> | undefined
}

/** What the client learns before the answer. */
export interface Opening {
  readonly requestId: string
  readonly provider: string
  readonly model: string
  readonly region: string
  readonly sources: readonly Passage[]
  readonly isDegraded: boolean
}

/** What operators want to know; ids, outcomes and durations only. */
export interface ChatEvents {
  ended(facts: {
    readonly requestId: string
    readonly outcome: string
    readonly totalMs: number
    readonly firstTokenMs: number | undefined
    /** For internal_error and upstream_error. */
    readonly cause: Error | undefined
  }): void
  /** An end could not be recorded yet and will be tried again. */
  endDelayed(facts: {
    readonly requestId: string
    readonly attempt: number
    readonly cause: Error
  }): void
  /** An end was not recorded by us; unless another end is there, audit will write `lost`. */
  endGivenUp(facts: { readonly requestId: string; readonly cause: Error }): void
}
