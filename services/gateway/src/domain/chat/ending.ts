import { AppError } from '@lexcustis/core'
import type { AnsweredBy, FinishReason, OutputVerdict, Usage } from './ports.js'
import type { ToolCall } from './request.js'
import { stopError, type StopReason, type Stop } from './stop.js'

/** What came from the model until it finished or was cut. */
export interface Answer {
  readonly text: string
  /** Calls of tools that the model asks for. */
  readonly toolCalls: readonly ToolCall[]
  readonly usage: Usage
  /** From the request to the first text; absent when none came. */
  readonly firstTokenMs: number | undefined
  readonly finishReason: FinishReason
  /** As the provider named the model; empty when it did not. */
  readonly modelSnapshot: string
  /** Absent until it is known: then it is whoever was planned. */
  readonly answeredBy?: AnsweredBy | undefined
}

export type AbortOutcome = StopReason | 'upstream_error' | 'internal_error'
export type Outcome = 'completed' | 'blocked' | AbortOutcome

/** The one end of a started chat. */
export type Ending = { readonly answer: Answer } & (
  | {
      readonly kind: 'completed'
      readonly outcome: 'completed'
      readonly verdict: OutputVerdict
      /** The client was still there when this was recorded. */
      readonly isDelivered: boolean
    }
  | {
      readonly kind: 'blocked'
      readonly outcome: 'blocked'
      readonly verdict: OutputVerdict
    }
  | {
      readonly kind: 'aborted'
      readonly outcome: AbortOutcome
      /** With internal_error: which of our services failed. */
      readonly failedService?: FailedService
      /** For the client. */
      readonly error: AppError
    }
)

export type FailedService = 'audit' | 'compliance' | 'llm' | 'gateway'

/** Reasons by which llm says that the provider, not the service itself, is at fault. */
const PROVIDER_REASONS: ReadonlySet<string> = new Set([
  'UPSTREAM_ERROR',
  'RATE_LIMITED',
  'INVALID_INPUT',
  'PAYLOAD_TOO_LARGE',
  // The data would go to a region that the organisation does not allow.
  'FORBIDDEN',
])

/** Names what cut an answer short. A stop of ours goes before whatever it made fail. */
export function cutShort(answer: Answer, failure: unknown, stop: Stop): Ending {
  if (stop.reason) {
    return { kind: 'aborted', answer, outcome: stop.reason, error: stopError(stop.reason) }
  }
  if (!(failure instanceof AppError)) return internalError(answer, 'gateway', failure)
  // The provider kept quiet for longer than llm waits.
  if (failure.reason === 'TIMEOUT') {
    return { kind: 'aborted', answer, outcome: 'timeout', error: failure }
  }
  if (!PROVIDER_REASONS.has(failure.reason)) return internalError(answer, 'llm', failure)
  // What the provider cannot do, by name: nothing was sent, and only the client can change it.
  if (failure.reason === 'INVALID_INPUT') {
    return { kind: 'aborted', answer, outcome: 'upstream_error', error: failure }
  }
  // The provider's own 429 is not about this client's requests to us.
  const error = new AppError('UPSTREAM_ERROR', failure.message, { cause: failure })
  return { kind: 'aborted', answer, outcome: 'upstream_error', error }
}

const INTERNAL_ERRORS = {
  audit: 'the end of this answer could not be recorded',
  compliance: 'the answer could not be checked',
  llm: 'the model service failed while answering',
  gateway: 'internal error',
} as const satisfies Record<FailedService, string>

export function internalError(answer: Answer, service: FailedService, cause: unknown): Ending {
  const reason = service === 'gateway' ? 'INTERNAL' : 'UNAVAILABLE'
  const error = new AppError(reason, INTERNAL_ERRORS[service], { cause })
  return {
    kind: 'aborted',
    answer,
    outcome: 'internal_error',
    failedService: service,
    error,
  }
}
