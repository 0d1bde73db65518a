import type {
  CheckDefinition,
  CheckPassagesRequest,
  CheckPassagesResponse,
  PostCheckRequest,
  PostCheckResponse,
  PreCheckRequest,
  PreCheckResponse,
} from '@lexcustis/proto/compliance'
import { type Call, type Handlers, unimplemented } from '@lexcustis/rpc'
import type { Finding, Paced } from '../domain/check.js'
import { inspectPassages, judgePassages } from '../domain/check-passages.js'
import { assertConversation, assertText } from '../domain/conversation.js'
import type { IdentifierValidators } from '../domain/pii/recognizers.js'
import type { PolicyStore } from '../domain/policy.js'
import { type Answer, inspectAnswer, judgeAnswer, type Passage } from '../domain/post-check.js'
import { inspectInput, judgeInput } from '../domain/pre-check.js'
import { fromMessage, invalid, toDecision, toFinding } from './wire.js'

/** Which of the checks ran, how long, and what it found; never what was said. */
export interface CheckReport {
  readonly stage: 'input' | 'sources' | 'output'
  readonly durationMs: number
  readonly findings: readonly Finding[]
  readonly isBlocked: boolean
}

export interface CheckDeps {
  readonly policies: Pick<PolicyStore, 'get'>
  readonly validators: IdentifierValidators
  /** Runs long work without keeping other calls waiting. */
  readonly run: <T>(work: Paced<T>, signal: AbortSignal) => Promise<T>
  readonly report: (report: CheckReport) => void
}

/** A model may write more than a person may send. */
const MAX_ANSWER = 1_000_000
const MAX_PASSAGES = 1_000

/** CheckService: a refusal is an answer; an error means that no verdict could be given. */
export function createCheckHandlers(deps: CheckDeps): Handlers<typeof CheckDefinition> {
  return {
    preCheck: async (request, call) => preCheck(deps, request, call),
    postCheck: async (request, call) => postCheck(deps, request, call),
    checkPassages: async (request, call) => checkPassages(deps, request, call),
    guardStream: () => unimplemented('checking an answer while it streams'),
  }
}

async function preCheck(
  deps: CheckDeps,
  request: PreCheckRequest,
  call: Call,
): Promise<PreCheckResponse> {
  const { organizationId } = await call.tenant()
  const messages = request.messages.map(fromMessage)
  assertConversation(messages)
  const startedAt = performance.now()
  const [policy, report] = await Promise.all([
    deps.policies.get(organizationId),
    deps.run(inspectInput(messages, deps.validators), call.signal),
  ])
  const verdict = judgeInput(report, policy)
  reportTo(deps, 'input', startedAt, report.findings, verdict.reasons)
  return {
    decision: toDecision(verdict.reasons),
    findings: verdict.findings.map(toFinding),
    reasons: [...verdict.reasons],
    injectionE4: verdict.injectionE4,
    policyVersion: verdict.policyVersion,
    holdOutput: verdict.holdOutput,
  }
}

async function checkPassages(
  deps: CheckDeps,
  { passages }: CheckPassagesRequest,
  call: Call,
): Promise<CheckPassagesResponse> {
  const { organizationId } = await call.tenant()
  const read = readPassages(passages)
  const startedAt = performance.now()
  const [policy, reports] = await Promise.all([
    deps.policies.get(organizationId),
    deps.run(inspectPassages(read), call.signal),
  ])
  const verdicts = judgePassages(reports, policy)
  const withheld = verdicts.filter(({ isWithheld }) => isWithheld)
  const findings = reports.flatMap((report) => report.findings)
  reportTo(
    deps,
    'sources',
    startedAt,
    findings,
    withheld.flatMap(({ reasons }) => reasons),
  )
  return {
    verdicts: verdicts.map(({ n, injectionE4, reasons, isWithheld }) => ({
      n,
      injectionE4,
      reasons: [...reasons],
      withheld: isWithheld,
    })),
  }
}

async function postCheck(
  deps: CheckDeps,
  request: PostCheckRequest,
  call: Call,
): Promise<PostCheckResponse> {
  const { organizationId } = await call.tenant()
  const answer = readAnswer(request)
  const startedAt = performance.now()
  const [policy, report] = await Promise.all([
    deps.policies.get(organizationId),
    deps.run(inspectAnswer(answer, deps.validators), call.signal),
  ])
  const verdict = judgeAnswer(report, policy)
  reportTo(deps, 'output', startedAt, report.findings, verdict.reasons)
  return {
    decision: toDecision(verdict.reasons),
    findings: verdict.findings.map(toFinding),
    reasons: [...verdict.reasons],
    confidenceE4: verdict.confidenceE4,
    groundingE4: verdict.groundingE4,
    signalReasons: [...verdict.signalReasons],
    // Rules need nothing that could be missing: a check that cannot run fails the whole call.
    checksFailed: [],
  }
}

function readAnswer({ question, answer, passages }: PostCheckRequest): Answer {
  assertText(question, '/question')
  assertText(answer, '/answer', MAX_ANSWER)
  return { text: answer, passages: readPassages(passages) }
}

function readPassages(passages: readonly Passage[]): Passage[] {
  if (passages.length > MAX_PASSAGES) throw invalid('/passages', `must be at most ${MAX_PASSAGES}`)
  const seen = new Set<number>()
  return passages.map((passage, index) => read(passage, index, seen))
}

function read({ n, text }: Passage, index: number, seen: Set<number>): Passage {
  if (n < 1 || seen.has(n)) throw invalid(`/passages/${index}/n`, 'must be unique, from 1')
  seen.add(n)
  assertText(text, `/passages/${index}/text`)
  return { n, text }
}

function reportTo(
  { report }: CheckDeps,
  stage: CheckReport['stage'],
  startedAt: number,
  findings: readonly Finding[],
  reasons: readonly string[],
): void {
  const durationMs = performance.now() - startedAt
  report({ stage, durationMs, findings, isBlocked: reasons.length > 0 })
}
