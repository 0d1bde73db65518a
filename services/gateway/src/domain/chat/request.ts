import type { TenantPrincipal } from '../principal.js'

/** A call of a tool that the model asked for. */
export interface ToolCall {
  /** Given by the model; the tool's message refers to it. */
  readonly id: string
  readonly name: string
  /** As the model wrote them: JSON, if it kept to the rules. */
  readonly arguments: string
}

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool'
  readonly content: string
  /** Assistant only. */
  readonly toolCalls?: readonly ToolCall[] | undefined
  /** Tool only: the call that this answers. */
  readonly toolCallId?: string | undefined
}

/**
 * What the model may do besides writing text, as JSON in the form of OpenAI's API; empty for nothing.
 * It is passed on unchanged.
 */
export interface ModelOptions {
  readonly tools: string
  readonly toolChoice: string
  readonly responseFormat: string
  /** Absent for the provider's default. */
  readonly inParallel?: boolean | undefined
}

export const NO_OPTIONS: ModelOptions = { tools: '', toolChoice: '', responseFormat: '' }

/** What a client may ask of the model; absent means the provider's default. */
export interface Sampling {
  readonly temperature?: number | undefined
  readonly topP?: number | undefined
  readonly maxTokens?: number | undefined
  readonly stop?: readonly string[] | undefined
  readonly seed?: bigint | undefined
  readonly presencePenalty?: number | undefined
  readonly frequencyPenalty?: number | undefined
}

/** A chunk of a document that the answer may rest on; `n` is its number in citations, from 1. */
export interface Passage {
  readonly n: number
  readonly documentId: string
  readonly chunkId: string
  readonly version: number
  readonly title: string
  readonly headingPath: readonly string[]
  readonly text: string
  readonly scoreE4: number
  /** What was found in it: the model was told that it is data, and people should look twice. */
  readonly flags?: readonly string[]
}

/** One question as the edge hands it over: authenticated, validated, within limits and budget. */
export interface ChatRequest {
  /** UUIDv7: `x-request-id`, id of `chat.started`, `ref` of its end. */
  readonly requestId: string
  readonly principal: TenantPrincipal
  /** Path of the API used, for example "/api/v1/chat". */
  readonly endpoint: string
  readonly isStream: boolean
  readonly messages: readonly ChatMessage[]
  /** Named by the client; absent for the organisation's own. */
  readonly model?: string | undefined
  readonly usesRetrieval: boolean
  /** Only these documents; empty for all. */
  readonly documentIds: readonly string[]
  readonly sampling: Sampling
  readonly options: ModelOptions
  /** The client's own `x-request-id`. */
  readonly clientRequestId?: string | undefined
  /** W3C `traceparent` to hand on. */
  readonly traceparent: string
}

/** The text that is searched for and that the answer is checked against. */
export function questionOf(messages: readonly ChatMessage[]): string {
  const asked = messages.findLast(({ role }) => role === 'user') ?? messages.at(-1)
  return asked?.content ?? ''
}
