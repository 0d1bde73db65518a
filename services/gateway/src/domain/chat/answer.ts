import type { Clock } from '@lexcustis/core'
import { cutShort, type Ending, internalError } from './ending.js'
import { generate, nothingYet } from './generate.js'
import type { Audience, Checks, Model, Opening, OutputVerdict, Sealed } from './ports.js'
import { hopOf, type Prepared } from './prepare.js'
import { questionOf } from './request.js'
import type { Stop } from './stop.js'

/** A chat whose start is durable. */
export interface Started extends Prepared {
  readonly opening: Opening
  readonly sealed: Sealed
  readonly receivedMicros: bigint
  readonly startedMicros: bigint
  /** When its end has to be recorded at the latest. */
  readonly endsBy: Date
}

export interface AnswerPorts {
  readonly checks: Checks
  readonly model: Model
  readonly clock: Clock
}

/** Asks the model, lets the answer through as far as the policy allows, and says how it ended. Never throws. */
export async function answer(
  ports: AnswerPorts,
  started: Started,
  audience: Audience,
  stop: Stop,
): Promise<Ending> {
  try {
    audience.open(started.opening)
    const generated = await generate({
      ...ports,
      prepared: started,
      audience: started.verdict.mustHoldOutput ? undefined : audience,
      stop,
      deadline: started.endsBy,
      receivedMicros: started.receivedMicros,
    })
    if (generated.failure) return cutShort(generated.answer, generated.failure.cause, stop)
    const ending = await judge(ports.checks, started, generated.answer, stop)
    const isReleased = started.verdict.mustHoldOutput && ending.kind === 'completed'
    const { text } = generated.answer
    if (isReleased && text !== '') void audience.deliver(text)
    return ending
  } catch (error) {
    return internalError(nothingYet(started), 'gateway', error)
  }
}

/** Recorded where no check could run on an answer that was delivered already. */
const UNCHECKED: OutputVerdict = {
  isBlocked: false,
  reasons: [],
  findings: { pii: {}, rules: [], bias: [] },
  confidenceE4: 0,
  groundingE4: 0,
  signalReasons: ['checks_unavailable'],
  checksFailed: ['bias', 'confidence', 'grounding', 'pii'],
}

/**
 * The same verdict whether the answer was streamed or not. Without one, an answer that the policy
 * may block is not given; any other is marked as unchecked.
 */
async function judge(
  checks: Checks,
  started: Started,
  answer: Ending['answer'],
  stop: Stop,
): Promise<Ending> {
  const { request, found, verdict } = started
  const question = questionOf(request.messages)
  let output: OutputVerdict
  try {
    // Without the stop's signal: who has left still gets a complete record.
    output = await checks.checkAnswer(
      {
        question,
        answer: answer.text,
        toolCalls: answer.toolCalls,
        passages: found.passages,
      },
      hopOf(request),
    )
  } catch (error) {
    if (verdict.mustHoldOutput) return internalError(answer, 'compliance', error)
    output = UNCHECKED
  }
  if (output.isBlocked) return { kind: 'blocked', outcome: 'blocked', answer, verdict: output }
  const isDelivered = !stop.isClientGone
  // A call of a tool states nothing, so there is nothing for a person to doubt yet.
  const verdictOn = answer.toolCalls.length > 0 ? { ...output, signalReasons: [] } : output
  return { kind: 'completed', outcome: 'completed', answer, verdict: verdictOn, isDelivered }
}
