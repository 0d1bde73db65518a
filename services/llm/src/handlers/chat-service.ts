import { AppError, type Reason } from '@lexcustis/core'
import type { ChatDefinition, StreamChatRequest, StreamChatResponse } from '@lexcustis/proto/llm'
import type { Call, Handlers } from '@lexcustis/rpc'
import type { Completer, CompletionEvent, Usage } from '../domain/completion.js'
import { FallbackCompleter, type Link, type OnFallback } from '../domain/fallback-completer.js'
import type { ProviderDirectory, Route } from '../domain/provider-directory.js'
import type { Answering, Cost } from '../domain/price-table.js'
import type { ProviderUse, UseRecorder } from '../domain/provider-manifest.js'
import type { KindName, Provider, ProviderDescription } from '../domain/provider.js'
import { fromRequest, toResponse, toUsage, withSettings } from './wire.js'

/** How one completion went; never what was said. */
export interface CompletionReport {
  readonly kind: KindName
  readonly end: 'OK' | Reason
  readonly firstTokenMs: number | undefined
}

/** What tokens of a model cost; undefined when nobody knows. */
export type CostOf = (answering: Answering, usage: Usage) => Cost | undefined

export interface ChatDeps {
  readonly directory: Pick<ProviderDirectory, 'named'>
  readonly completerOf: (provider: Provider, organizationId: string) => Completer
  readonly uses: Pick<UseRecorder, 'record'>
  readonly report: (report: CompletionReport) => void
  readonly costOf: CostOf
  readonly fellBack: (from: KindName, to: KindName) => void
}

/** ChatService: deltas as they come, usage, then `finished`; a stream without it failed. */
export function createChatHandlers(deps: ChatDeps): Handlers<typeof ChatDefinition> {
  return {
    streamChat: (request, call) => streamChat(deps, request, call),
  }
}

async function* streamChat(
  deps: ChatDeps,
  request: StreamChatRequest,
  call: Call,
): AsyncGenerator<StreamChatResponse> {
  const { organizationId } = await call.tenant()
  const asked = fromRequest(request)
  const route = await deps.directory.named(organizationId, request.provider, request.model)
  const question = { ...asked, sampling: withSettings(asked.sampling, route.settings) }
  let [provider]: readonly [Provider, ...unknown[]] = route.providers
  const startedAt = performance.now()
  let firstTokenMs: number | undefined
  // Who is thought to answer, until the answer says who did.
  let use = plannedUse(provider, question.model)
  let end: CompletionReport['end'] = 'CANCELLED'
  try {
    const completer = chainOf(deps, route, organizationId, (_, to) => {
      provider = to
      use = plannedUse(to, to.model)
    })
    for await (const event of completer.complete(question, call.signal)) {
      if (BEGINNINGS.has(event.kind)) firstTokenMs ??= performance.now() - startedAt
      if (event.kind === 'finished') use = toUse(event)
      yield event.kind === 'usage'
        ? toUsage(event.usage, deps.costOf({ ...provider, model: use.model }, event.usage))
        : toResponse(event)
    }
    end = 'OK'
  } catch (error) {
    end = AppError.from(error).reason
    throw error
  } finally {
    deps.report({ kind: provider.kind, end, firstTokenMs })
    const isUsed = end === 'OK' || firstTokenMs !== undefined
    if (isUsed) deps.uses.record(organizationId, use)
  }
}

function chainOf(
  deps: ChatDeps,
  { providers: [first, ...others] }: Route,
  organizationId: string,
  onFallback: OnFallback,
): Completer {
  const link = (provider: Provider): Link => ({
    provider,
    completer: deps.completerOf(provider, organizationId),
  })
  return new FallbackCompleter([link(first), ...others.map(link)], (from, to) => {
    deps.fellBack(from.kind, to.kind)
    onFallback(from, to)
  })
}

function plannedUse({ kind, region }: ProviderDescription, model: string): ProviderUse {
  return { provider: kind, model, modelSnapshot: '', region }
}

/** Kinds of events that are a part of the answer. */
const BEGINNINGS: ReadonlySet<CompletionEvent['kind']> = new Set(['delta', 'tool_call'])

function toUse(event: Extract<CompletionEvent, { kind: 'finished' }>): ProviderUse {
  const { provider, model, modelSnapshot, region } = event
  return { provider, model, modelSnapshot, region }
}
