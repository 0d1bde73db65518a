import type {
  CompletionEvent,
  FinishReason,
  Message,
  Question,
  Usage,
} from '../../domain/completion.js'
import type { Endpoint, Provider, ProviderHealth } from '../../domain/provider.js'

/** A piece of an answer that is passed on. */
export type AnswerPiece = Extract<CompletionEvent, { kind: 'delta' | 'tool_call' }>

export interface Step {
  readonly pieces: readonly AnswerPiece[]
  /** Whether the model did anything at all, thinking included. */
  readonly isProgress: boolean
}

/** What is sent: the question, with its messages as they were assembled. */
export type Prompted = Question & { readonly messages: readonly Message[] }

/** Adds up what the events of an answer say. */
export interface AnswerReader {
  /** Set once the model has said that it is finished. */
  readonly finishReason: FinishReason | undefined
  /** Empty until it is known. */
  readonly modelSnapshot: string
  /** Throws UpstreamError for an event that reports a failure or has an unknown form. */
  read(event: unknown): Step
  /** The provider's count; ours when it made none. */
  usage(asked: Prompted): Usage
}

export interface OpenedAnswer {
  readonly events: AsyncIterable<unknown>
  /** Whether the stream has said that it is complete. */
  isDone(): boolean
}

/** Sends a request that is ready; aborting the signal ends it, whatever it is doing. */
export type Send = (signal: AbortSignal) => Promise<OpenedAnswer>

/** How one vendor is spoken to. */
export interface Dialect {
  /**
   * The question in the vendor's own form. Throws INVALID_INPUT, with the field by name, for what
   * this vendor cannot do: nothing was sent then.
   */
  prepare(asked: Prompted, endpoint: Endpoint): Send
  createReader(): AnswerReader
  /** Asks something that costs next to nothing; throws what the request throws. */
  check(provider: ReadyProvider, signal: AbortSignal): Promise<ProviderHealth>
}

/** A provider that has an endpoint. */
export type ReadyProvider = Provider & { readonly endpoint: Endpoint }
