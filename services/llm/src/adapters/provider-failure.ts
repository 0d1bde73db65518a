import { AppError } from '@lexcustis/core'
import { APIConnectionError, APIError } from 'openai'

/**
 * What went wrong at the provider, as UPSTREAM_ERROR: its status or our error code, and what to check.
 * Never the provider's own words: they may repeat the prompt or the key.
 */
export function toProviderFailure(error: unknown): AppError {
  const ours = findOurs(error)
  if (ours) return ours
  if (error instanceof APIConnectionError)
    return failure(`cannot be reached${codeOf(error)}`, CHECK_URL)
  if (error instanceof APIError) return ofApi(error as APIError)
  if (error instanceof SyntaxError) return failure('sent an event that is not JSON', CHECK_URL)
  return failure(`broke off its answer${codeOf(error)}`, 'try again')
}

const CHECK_URL = 'check its base URL'

function ofApi(error: APIError): AppError {
  const status = error.status
  if (status === undefined) return failure('reported an error while answering', 'try again')
  const retryAfterMs = retryAfterOf(error.headers)
  return failure(`answered ${status}`, adviceFor(status), retryAfterMs)
}

function adviceFor(status: number): string {
  if (status === 401 || status === 403) return 'check its API key'
  if (status === 404) return 'check its base URL and model'
  if (status === 429) return 'its rate limit or quota is used up'
  if (status >= 500) return 'it has a problem of its own; try again later'
  if (status < 400) return CHECK_URL
  return 'check the model, and the length and settings of the request'
}

export function failure(what: string, advice: string, retryAfterMs?: number): AppError {
  const options = retryAfterMs === undefined ? {} : { retryAfterMs }
  return new AppError('UPSTREAM_ERROR', `the provider ${what}: ${advice}`, options)
}

/** Seconds only; dates are rare, and a wrong clock makes them worse than nothing. */
function retryAfterOf(headers: Headers | undefined): number | undefined {
  const seconds = Number(headers?.get('retry-after') ?? Number.NaN)
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : undefined
}

function* causes(error: unknown): Generator<Error> {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; depth += 1) {
    yield cause
    cause = cause.cause
  }
}

function findOurs(error: unknown): AppError | undefined {
  for (const cause of causes(error)) if (cause instanceof AppError) return cause
  return undefined
}

function codeOf(error: unknown): string {
  for (const cause of causes(error)) {
    const { code } = cause as NodeJS.ErrnoException
    if (typeof code === 'string' && /^[A-Z_\d]+$/.test(code)) return ` (${code})`
  }
  return ''
}
