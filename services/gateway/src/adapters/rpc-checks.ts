import { AppError } from '@lexcustis/core'
import { Check, Decision, type Finding, Role } from '@lexcustis/proto/compliance'
import type { Checks, Findings, Hop } from '../domain/chat/ports.js'
import type { ChatMessage, ModelOptions } from '../domain/chat/request.js'
import type { TokenSource } from '../domain/tenant-tokens.js'
import { callContext, type Peers } from './peers.js'

const TIMEOUT_MS = 5_000

const ROLES = {
  system: Role.SYSTEM,
  user: Role.USER,
  assistant: Role.ASSISTANT,
  // What a tool gives back comes from anywhere, and is looked at as closely as what a person says.
  tool: Role.USER,
} as const

/** Everything that a model is going to read: messages, calls made before, and what tools say of themselves. */
function toChecked(messages: readonly ChatMessage[], { tools, responseFormat }: ModelOptions) {
  const texts = messages.flatMap(({ role, content, toolCalls = [] }) => [
    { role: ROLES[role], content },
    ...toolCalls.map(({ name, arguments: given }) => ({
      role: Role.ASSISTANT,
      content: `${name} ${given}`,
    })),
  ])
  const extras = [tools, responseFormat].map((content) => ({ role: Role.SYSTEM, content }))
  return [...extras, ...texts].filter(({ content }) => content !== '')
}

/** The compliance service. Without its verdict there is none: every failure here refuses. */
export function createRpcChecks(
  { checks }: Pick<Peers['compliance'], 'checks'>,
  tokens: TokenSource,
): Checks {
  const context = async ({ principal, signal, traceparent }: Hop) =>
    callContext(tokens, principal, 'compliance', { timeoutMs: TIMEOUT_MS, signal, traceparent })
  return {
    async checkInput(messages, options, hop) {
      const sent = toChecked(messages, options)
      const verdict = await checks
        .preCheck({ messages: sent }, await context(hop))
        .catch(refuse('this request could not be checked, so nothing was sent to a model'))
      return {
        isBlocked: isBlock(verdict.decision),
        reasons: verdict.reasons,
        findings: toFindings(verdict.findings),
        injectionE4: verdict.injectionE4,
        policyVersion: verdict.policyVersion,
        mustHoldOutput: verdict.holdOutput,
      }
    },
    async checkSources(passages, hop) {
      // The model is shown where a passage is from as well, and whoever wrote it named it.
      const sent = passages.map(({ n, title, headingPath, text }) => ({
        n,
        text: [title, ...headingPath, text].join('\n'),
      }))
      const { verdicts } = await checks
        .checkPassages({ passages: sent }, await context(hop))
        .catch(refuse('the sources could not be checked, so nothing was sent to a model'))
      return verdicts.map(({ n, reasons, withheld }) => ({ n, reasons, isWithheld: withheld }))
    },
    async checkAnswer({ question, answer, toolCalls, passages }, hop) {
      const sent = passages.map(({ n, text }) => ({ n, text }))
      const calls = toolCalls.map(({ name, arguments: given }) => `${name} ${given}`)
      const whole = [answer, ...calls].filter((text) => text !== '').join('\n')
      const verdict = await checks
        .postCheck({ question, answer: whole, passages: sent }, await context(hop))
        .catch(refuse('the answer could not be checked'))
      return {
        isBlocked: isBlock(verdict.decision),
        reasons: verdict.reasons,
        findings: toFindings(verdict.findings),
        confidenceE4: verdict.confidenceE4,
        groundingE4: verdict.groundingE4,
        signalReasons: verdict.signalReasons,
        checksFailed: verdict.checksFailed,
      }
    },
  }
}

/** A decision this version cannot carry out is not an allowance. */
function isBlock(decision: Decision): boolean {
  switch (decision) {
    case Decision.ALLOW:
      return false
    case Decision.BLOCK:
      return true
    case Decision.MASK:
      throw new AppError('UNIMPLEMENTED', 'masking is not implemented in this version')
    case Decision.UNSPECIFIED:
      throw new AppError('UNAVAILABLE', 'the checks gave no decision')
  }
}

/** Only what the caller can change is the caller's fault. */
function refuse(text: string) {
  return (cause: unknown): never => {
    if (cause instanceof AppError && cause.reason === 'INVALID_INPUT') throw cause
    throw new AppError('UNAVAILABLE', text, { cause, retryAfterMs: 1_000 })
  }
}

/** Counts and names of what was found; where it was found stays with the compliance service. */
export function toFindings(found: readonly Finding[]): Findings {
  const pii: Record<string, number> = {}
  const rules = new Set<string>()
  const bias = new Set<string>()
  for (const { check, type, rule } of found) {
    rules.add(rule)
    if (check === Check.PII) pii[type] = (pii[type] ?? 0) + 1
    if (check === Check.BIAS) bias.add(type)
  }
  return { pii, rules: [...rules].sort(), bias: [...bias].sort() }
}
