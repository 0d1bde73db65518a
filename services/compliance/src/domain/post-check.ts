import { findBias } from './bias/find-bias.js'
import { type Finding, MAX_FINDINGS, type Paced } from './check.js'
import { rateConfidence, type SignalReason } from './confidence.js'
import { toFindings } from './findings.js'
import { measureGrounding } from './grounding/grounding.js'
import { findPii } from './pii/find-pii.js'
import type { IdentifierValidators } from './pii/recognizers.js'
import { blockReasons, GROUNDING_BLOCK_BELOW_E4, type Policy } from './policy.js'

/** A source the answer may rest on. */
export interface Passage {
  /** Its number in the answer's citations, from 1. */
  readonly n: number
  readonly text: string
}

export interface Answer {
  readonly text: string
  /** Empty when the model was given no sources. */
  readonly passages: readonly Passage[]
}

export interface AnswerReport {
  readonly findings: readonly Finding[]
  /** 0 to 10000; 0 without passages. */
  readonly groundingE4: number
  /** False when there was nothing to compare: no passages, or an answer that states nothing. */
  readonly isGroundingKnown: boolean
  /** 0 to 10000. */
  readonly confidenceE4: number
  /** Why the person must be told; empty when confidence is not low. */
  readonly signalReasons: readonly SignalReason[]
}

export interface AnswerVerdict extends AnswerReport {
  /** Why it is blocked; empty when it may be delivered. */
  readonly reasons: readonly string[]
}

/** Personal data, bias and grounding of an answer, and how far it can be relied on. */
export function* inspectAnswer(
  answer: Answer,
  validators: IdentifierValidators,
): Paced<AnswerReport> {
  const pii = yield* findPii(answer.text, validators)
  const bias = yield* findBias(answer.text)
  const hasPassages = answer.passages.length > 0
  const grounding = hasPassages
    ? yield* measureGrounding(
        answer.text,
        answer.passages.map(({ text }) => text),
      )
    : undefined
  const groundingE4 = Math.round((grounding ?? 0) * 10_000)
  const { confidenceE4, reasons } = rateConfidence({
    answer: answer.text,
    passageNumbers: answer.passages.map(({ n }) => n),
    groundingE4,
  })
  return {
    findings: toFindings(answer.text, 0, { pii, bias }),
    groundingE4,
    isGroundingKnown: grounding !== undefined,
    confidenceE4,
    signalReasons: reasons,
  }
}

/** What a policy makes of a report. */
export function judgeAnswer(report: AnswerReport, policy: Policy): AnswerVerdict {
  const isUngrounded = report.isGroundingKnown && report.groundingE4 < GROUNDING_BLOCK_BELOW_E4
  const ungrounded =
    isUngrounded && policy.modes.grounding === 'block' ? ['grounding:low_grounding'] : []
  return {
    ...report,
    findings: report.findings.slice(0, MAX_FINDINGS),
    reasons: [...blockReasons(policy, report.findings), ...ungrounded],
  }
}
