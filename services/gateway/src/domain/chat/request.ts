import type { TenantPrincipal } from '../principal.js'

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
}

/** What a client may ask of the model; absent means the provider's default. */
export interface Sampling {
  readonly temperature?: number | undefined
  readonly topP?: number | undefined
  readonly maxTokens?: number | undefined
  readonly stop?: readonly string[] | undefined
  readonly seed?: bigint | undefined
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
