import { type Finding, MAX_FINDINGS, type Paced } from './check.js'
import type { Message } from './conversation.js'
import { toFindings } from './findings.js'
import { findInjection, type InjectionReport } from './injection/find-injection.js'
import { findPii } from './pii/find-pii.js'
import type { IdentifierValidators } from './pii/recognizers.js'
import { blockReasons, holdsOutput, type Policy } from './policy.js'

/** What a conversation contains, whatever the policy makes of it. */
export interface InputReport {
  readonly findings: readonly Finding[]
  /** Highest injection score of a message, 0 to 10000. */
  readonly injectionE4: number
}

export interface InputVerdict extends InputReport {
  /** Why it is blocked; empty when it may go on. */
  readonly reasons: readonly string[]
  readonly policyVersion: string
  /** The answer must be held until it has been checked. */
  readonly holdOutput: boolean
}

const NOT_CHECKED: InjectionReport = { scoreE4: 0, hits: [] }

/** Personal data in every message, injection in what the person wrote. */
export function* inspectInput(
  messages: readonly Message[],
  validators: IdentifierValidators,
): Paced<InputReport> {
  const findings: Finding[] = []
  let injectionE4 = 0
  for (const [index, { speaker, content }] of messages.entries()) {
    yield
    const pii = yield* findPii(content, validators)
    const injection = speaker === 'user' ? yield* findInjection(content) : NOT_CHECKED
    injectionE4 = Math.max(injectionE4, injection.scoreE4)
    for (const finding of toFindings(content, index, { pii, injection: injection.hits })) {
      findings.push(finding)
    }
  }
  return { findings, injectionE4 }
}

/** What a policy makes of a report. The decision sees every finding; the list is cut to its limit. */
export function judgeInput(report: InputReport, policy: Policy): InputVerdict {
  return {
    injectionE4: report.injectionE4,
    findings: report.findings.slice(0, MAX_FINDINGS),
    reasons: blockReasons(policy, report.findings),
    policyVersion: policy.version,
    holdOutput: holdsOutput(policy),
  }
}
