import type { Provider, ProviderHealth } from '../domain/provider.js'
import type { OpenAiClients } from './openai-client.js'
import { toProviderFailure } from './provider-failure.js'

const TIMEOUT_MS = 3_000

/** Asks a provider for its models: free everywhere, and it needs address, key and TLS to be right. */
export async function checkProvider(
  clients: OpenAiClients,
  { endpoint, model }: Provider,
  caller: AbortSignal,
): Promise<ProviderHealth> {
  if (!endpoint) return { ok: true, detail: 'quotes the sources; no language model is configured' }
  const late = AbortSignal.timeout(TIMEOUT_MS)
  try {
    const signal = AbortSignal.any([caller, late])
    const { data } = await clients.of(endpoint).models.list({ signal })
    const isListed = data.some(({ id }) => id === model)
    return { ok: true, detail: isListed ? 'answers' : `answers, but does not list ${model}` }
  } catch (error) {
    caller.throwIfAborted()
    const detail = late.aborted
      ? `the provider did not answer in ${TIMEOUT_MS} ms: check its base URL`
      : toProviderFailure(error).message
    return { ok: false, detail }
  }
}
