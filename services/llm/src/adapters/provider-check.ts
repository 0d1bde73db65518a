import type { ProviderHealth } from '../domain/provider.js'
import { toProviderFailure } from './provider-failure.js'
import type { Dialect, ReadyProvider } from './providers/dialect.js'

const TIMEOUT_MS = 5_000

/** Asks a provider what costs next to nothing; a failure says what to do. */
export async function checkReady(
  dialect: Pick<Dialect, 'check'>,
  provider: ReadyProvider,
  caller: AbortSignal,
): Promise<ProviderHealth> {
  const late = AbortSignal.timeout(TIMEOUT_MS)
  try {
    return await dialect.check(provider, AbortSignal.any([caller, late]))
  } catch (error) {
    caller.throwIfAborted()
    const detail = late.aborted
      ? `the provider did not answer in ${TIMEOUT_MS} ms: check its base URL`
      : toProviderFailure(error).message
    return { ok: false, detail }
  }
}
