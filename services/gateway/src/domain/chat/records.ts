import { formatMicros, uuidv7 } from '@lexcustis/core'
import { passagesText, promptText, responseText } from './content.js'
import { elapsedMs } from './elapsed.js'
import type { Ending } from './ending.js'
import type { InputVerdict, NewRecord, ResolvedProvider } from './ports.js'
import type { Prepared } from './prepare.js'
import type { ChatRequest } from './request.js'
import type { ChatSettings } from './settings.js'

/** The 32 hex digits in a W3C `traceparent`. */
function traceOf(request: ChatRequest): string {
  return request.traceparent.slice(3, 35)
}

/** Names that a provider makes up are cut to what a record takes. */
const MAX_NAME_CHARS = 256

const toE4 = (value: number): number => Math.round(value * 10_000)

/** Where the data may go: the region planned, then those of whoever is asked instead. */
function reachableRegions({ region, fallbackRegions }: ResolvedProvider): string {
  return [...new Set([region, ...fallbackRegions])].join('+').slice(0, MAX_NAME_CHARS)
}

/** `chat.started`: everything that is known before the first byte goes to a provider. */
export function startedRecord(
  { request, verdict, provider, found }: Prepared,
  settings: ChatSettings,
  nowMicros: bigint,
): NewRecord {
  const { temperature } = request.sampling
  return {
    id: request.requestId,
    type: 'chat.started',
    occurredAt: formatMicros(nowMicros),
    trace: traceOf(request),
    attrs: {
      provider: provider.provider,
      model: provider.model,
      data_region: reachableRegions(provider),
      endpoint: request.endpoint,
      stream: request.isStream,
      policy_version: verdict.policyVersion,
      code_version: settings.codeVersion,
      ends_by: formatMicros(nowMicros + BigInt(settings.maxMs) * 1000n),
      pii: verdict.findings.pii,
      injection_e4: verdict.injectionE4,
      rules: [
        ...verdict.findings.rules,
        ...(found.sourceRules ?? []).map((rule) => `source:${rule}`),
      ],
      sources: found.passages.map(({ documentId, chunkId, version, scoreE4 }) => ({
        document: documentId,
        chunk: chunkId,
        version,
        score_e4: scoreE4,
      })),
      retrieval: found.retrieval,
      ...(temperature === undefined ? {} : { temperature_e4: toE4(temperature) }),
      ...(request.clientRequestId === undefined
        ? {}
        : { client_request_id: request.clientRequestId }),
    },
    content: [
      { field: 'prompt', value: promptText(request.messages, request.options) },
      ...(found.passages.length > 0
        ? [{ field: 'passages' as const, value: passagesText(found.passages) }]
        : []),
    ],
  }
}

/** `chat.blocked` without a start: nothing was sent to a provider. */
export function blockedInputRecord(
  request: ChatRequest,
  verdict: InputVerdict,
  nowMicros: bigint,
): NewRecord {
  return {
    id: request.requestId,
    type: 'chat.blocked',
    occurredAt: formatMicros(nowMicros),
    trace: traceOf(request),
    attrs: {
      outcome: 'blocked',
      stage: 'input',
      reasons: verdict.reasons,
      rules: verdict.findings.rules,
    },
    content: [{ field: 'prompt', value: promptText(request.messages, request.options) }],
  }
}

const END_TYPES = {
  completed: 'chat.completed',
  blocked: 'chat.blocked',
  aborted: 'chat.aborted',
} as const satisfies Record<Ending['kind'], NewRecord['type']>

/** The one end of a start. Its id is chosen here, so a record is made once and appended as often as needed. */
export function endRecord(
  request: ChatRequest,
  provider: ResolvedProvider,
  ending: Ending,
  startedMicros: bigint,
  nowMicros: bigint,
): NewRecord {
  const response = responseText(ending.answer)
  return {
    id: uuidv7(),
    type: END_TYPES[ending.kind],
    occurredAt: formatMicros(nowMicros),
    ref: request.requestId,
    trace: traceOf(request),
    attrs: endAttrs(provider, ending, elapsedMs(startedMicros, nowMicros)),
    content: response === '' ? [] : [{ field: 'response', value: response }],
  }
}

function endAttrs(
  { provider, model }: ResolvedProvider,
  ending: Ending,
  totalMs: number,
): Record<string, unknown> {
  const { answer } = ending
  const { tokensIn, tokensOut, isEstimated } = answer.usage
  switch (ending.kind) {
    case 'completed':
      return {
        outcome: ending.outcome,
        ...(answer.answeredBy ?? { provider, model }),
        delivered: ending.isDelivered,
        finish_reason: answer.finishReason,
        tokens_in: tokensIn,
        tokens_out: tokensOut,
        tokens_estimated: isEstimated,
        first_token_ms: answer.firstTokenMs ?? totalMs,
        total_ms: totalMs,
        confidence_e4: ending.verdict.confidenceE4,
        grounding_e4: ending.verdict.groundingE4,
        bias: ending.verdict.findings.bias,
        pii: ending.verdict.findings.pii,
        signal: ending.verdict.signalReasons.length > 0,
        checks_failed: ending.verdict.checksFailed,
        ...(answer.usage.cost
          ? { cost_micro: answer.usage.cost.micro, currency: answer.usage.cost.currency }
          : {}),
        ...(answer.modelSnapshot === ''
          ? {}
          : { model_snapshot: answer.modelSnapshot.slice(0, MAX_NAME_CHARS) }),
      }
    case 'blocked':
      return {
        outcome: ending.outcome,
        stage: 'output',
        reasons: ending.verdict.reasons,
        rules: ending.verdict.findings.rules,
        tokens_in: tokensIn,
        tokens_out: tokensOut,
        total_ms: totalMs,
      }
    case 'aborted':
      return {
        outcome: ending.outcome,
        tokens_in: tokensIn,
        tokens_out: tokensOut,
        total_ms: totalMs,
        ...(answer.firstTokenMs === undefined ? {} : { first_token_ms: answer.firstTokenMs }),
        ...(ending.failedService ? { failed_service: ending.failedService } : {}),
      }
  }
}
