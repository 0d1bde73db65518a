import { AppError } from '@lexcustis/core'
import { screenSources } from './screen-sources.js'
import type {
  Checks,
  Found,
  Hop,
  InputVerdict,
  Model,
  Opening,
  ResolvedProvider,
  Search,
} from './ports.js'
import { type ChatRequest, questionOf } from './request.js'
import { stopError, type Stop } from './stop.js'

/** Everything that has to be known before a start can be recorded. */
export interface Prepared {
  readonly request: ChatRequest
  readonly verdict: InputVerdict
  /** `model` is the one that will answer. */
  readonly provider: ResolvedProvider
  readonly found: Found
}

const NOT_SEARCHED: Found = { passages: [], retrieval: 'off', isDegraded: false }
const NOT_FOUND: Found = { passages: [], retrieval: 'failed', isDegraded: true }
/** Where a blocked input would have gone, when even that is not known. */
const NOBODY: ResolvedProvider = {
  provider: 'none',
  model: 'none',
  region: 'none',
  models: [],
  fallbackRegions: [],
}

/**
 * Checks the input, resolves the provider and searches, all at once: none of the three shows the
 * text to a provider. Then the sources found are checked. Without sources an answer is still given,
 * and says so; without a verdict or a provider there is none.
 */
export async function prepare(
  ports: { readonly checks: Checks; readonly search: Search; readonly model: Model },
  request: ChatRequest,
  stop: Stop,
): Promise<Prepared> {
  const hop = hopOf(request, stop.signal)
  const checking = ports.checks.checkInput(request.messages, request.options, hop)
  const resolving = ports.model.resolve(hop).then((found) => choose(found, request.model))
  const searching = request.usesRetrieval
    ? ports.search
        .search(questionOf(request.messages), request.documentIds, hop)
        .catch(() => NOT_FOUND)
    : NOT_SEARCHED
  // Whoever is not awaited below, because another one refused first, must not fail unheard.
  resolving.catch(() => undefined)

  const verdict = await checking.catch((error: unknown) => {
    throw stop.reason ? stopError(stop.reason) : error
  })
  if (verdict.isBlocked) {
    const provider = await resolving.catch(() => NOBODY)
    return { request, verdict, provider, found: NOT_SEARCHED }
  }
  const provider = await resolving
  const found = await screenSources(ports.checks, await searching, hop).catch((error: unknown) => {
    throw stop.reason ? stopError(stop.reason) : error
  })
  const prepared = { request, verdict, provider, found }
  if (stop.reason) throw stopError(stop.reason)
  return prepared
}

export function hopOf(request: ChatRequest, signal?: AbortSignal): Hop {
  return { principal: request.principal, traceparent: request.traceparent, signal }
}

/** A client names a model only among those of its organisation. */
function choose(resolved: ResolvedProvider, model: string | undefined): ResolvedProvider {
  if (model === undefined || model === resolved.model) return resolved
  if (resolved.models.includes(model)) return { ...resolved, model }
  throw unknownModel(resolved.models)
}

export function unknownModel(models: readonly string[]): AppError {
  const detail = `unknown model; this organisation may use: ${models.join(', ')}`
  return new AppError('NOT_FOUND', detail, { errors: [{ pointer: '/model', detail }] })
}

export function openingOf({ request, provider, found }: Prepared): Opening {
  return {
    requestId: request.requestId,
    provider: provider.provider,
    model: provider.model,
    region: provider.region,
    sources: found.passages,
    isDegraded: found.isDegraded,
  }
}
