import type { AppError } from '@lexcustis/core'
import type { Answer, Outcome } from './ending.js'
import type { AnsweredBy, Opening, Sealed } from './ports.js'
import type { ChatRequest } from './request.js'

/** Where a chat stands in the log; what the client keeps. */
export interface ChatReceipt {
  readonly requestId: string
  readonly organizationId: string
  /** Sequence of the start; absent when the input was blocked before there was one. */
  readonly startedSequence: bigint | undefined
  readonly end: Sealed
  readonly outcome: Outcome
  readonly provider: string
  readonly model: string
}

/** Why an answer should be read with care. */
export interface Signal {
  readonly confidenceE4: number
  readonly reasons: readonly string[]
}

/** How a chat that got its evidence ended. */
export type ChatResult = { readonly opening: Opening } & (
  | {
      readonly kind: 'completed'
      readonly answer: Answer
      readonly signal: Signal | undefined
      readonly receipt: ChatReceipt
    }
  | {
      readonly kind: 'blocked'
      readonly stage: 'input' | 'output'
      readonly reasons: readonly string[]
      /** Absent when nothing was asked of a model. */
      readonly answer: Answer | undefined
      readonly receipt: ChatReceipt
    }
  | {
      readonly kind: 'failed'
      readonly outcome: Outcome
      readonly error: AppError
      /** Absent while the end could not be recorded. */
      readonly receipt: ChatReceipt | undefined
    }
)

export function receiptOf(
  request: ChatRequest,
  { provider, model }: AnsweredBy,
  outcome: Outcome,
  started: Sealed | undefined,
  end: Sealed,
): ChatReceipt {
  return {
    requestId: request.requestId,
    organizationId: request.principal.organizationId,
    startedSequence: started?.sequence,
    end,
    outcome,
    provider,
    model,
  }
}
