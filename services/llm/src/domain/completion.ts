import type { KindName } from './provider.js'

export type Speaker = 'system' | 'user' | 'assistant' | 'tool'

/** A call that a model asked for. */
export interface ToolCall {
  /** Given by the model; the message that answers refers to it. */
  readonly id: string
  readonly name: string
  /** JSON, if the model kept to the rules. */
  readonly arguments: string
}

export type Message =
  | { readonly speaker: 'system' | 'user'; readonly content: string }
  | {
      readonly speaker: 'assistant'
      readonly content: string
      readonly toolCalls?: readonly ToolCall[]
    }
  | { readonly speaker: 'tool'; readonly content: string; readonly toolCallId: string }

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
  readonly presencePenalty?: number | undefined
  readonly frequencyPenalty?: number | undefined
}

export type JsonObject = Readonly<Record<string, unknown>>

/** A function that the model may call, in the form of OpenAI's API; fields beyond these stay. */
export interface ToolDefinition extends JsonObject {
  readonly type: 'function'
  readonly function: JsonObject & {
    readonly name: string
    readonly description?: string | undefined
    /** JSON Schema of an object. */
    readonly parameters?: JsonObject | undefined
  }
}

/** By name: this one has to be called. */
export type ToolChoice = 'auto' | 'none' | 'required' | { readonly name: string }

export interface Tools {
  /** At least one. */
  readonly definitions: readonly ToolDefinition[]
  /** Absent: the provider's own default. */
  readonly choice: ToolChoice | undefined
  /** Whether several may be called at once; absent: the provider's own default. */
  readonly inParallel: boolean | undefined
}

/** Form of an answer that is JSON, in the form of OpenAI's API; fields beyond these stay. */
export type AnswerFormat =
  | (JsonObject & { readonly type: 'json_object' })
  | (JsonObject & {
      readonly type: 'json_schema'
      readonly json_schema: JsonObject & {
        readonly name: string
        readonly schema?: JsonObject | undefined
      }
    })

export interface Question {
  readonly model: string
  readonly messages: readonly Message[]
  /** Best first. */
  readonly sources: readonly Source[]
  readonly sampling: Sampling
  /** Absent: none. */
  readonly tools?: Tools | undefined
  /** Absent: text. */
  readonly format?: AnswerFormat | undefined
}

export interface Usage {
  readonly tokensIn: number
  readonly tokensOut: number
  /** Counted by us because the provider said nothing. */
  readonly isEstimated: boolean
}

export type FinishReason = 'stop' | 'length' | 'content_filter' | 'tool_calls'

export type CompletionEvent =
  | { readonly kind: 'delta'; readonly text: string }
  | {
      readonly kind: 'tool_call'
      /** Which call, from 0. */
      readonly index: number
      /** In the first piece of a call; empty in the others. */
      readonly id: string
      readonly name: string
      /** More of the arguments. */
      readonly arguments: string
    }
  | { readonly kind: 'usage'; readonly usage: Usage }
  | {
      readonly kind: 'finished'
      readonly reason: FinishReason
      readonly modelSnapshot: string
      /** Who answered, with what, and where the data went. */
      readonly provider: KindName
      readonly model: string
      readonly region: string
    }

/**
 * Answers a question: deltas and tool calls, `usage` once, `finished` last. An answer that breaks off
 * after its first piece has a `usage` too, estimated. Whatever goes wrong is thrown as an AppError:
 * INVALID_INPUT for what this provider cannot do, before anything is sent; UpstreamError; TIMEOUT;
 * CANCELLED once `signal` has fired.
 */
export interface Completer {
  complete(question: Question, signal: AbortSignal): AsyncIterable<CompletionEvent>
}
