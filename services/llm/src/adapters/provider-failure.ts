import {
  APIConnectionError as AnthropicConnectionError,
  APIError as AnthropicError,
} from '@anthropic-ai/sdk'
import { AppError } from '@lexcustis/core'
import { APIConnectionError, APIError } from 'openai'
import { UpstreamError } from '../domain/upstream-error.js'

const CHECK_URL = 'check its base URL'
const TRY_AGAIN = 'try again'

/**
 * What went wrong at the provider: its status or our error code, and what to check. Never the
 * provider's own words: they may repeat the prompt or the key.
 */
export function toProviderFailure(error: unknown): AppError {
  const ours = findOurs(error)
  if (ours) return ours
  if (error instanceof APIConnectionError || error instanceof AnthropicConnectionError) {
    return failure(`cannot be reached${codeOf(error)}`, CHECK_URL, true)
  }
  if (error instanceof APIError || error instanceof AnthropicError) {
    return ofApi(error as Answered)
  }
  if (error instanceof SyntaxError) return failure('sent an event that is not JSON', CHECK_URL)
  return failure(`broke off its answer${codeOf(error)}`, TRY_AGAIN, true)
}

/** A failure that is found in what a provider sent. */
export function failure(what: string, advice: string, isTransient = false): UpstreamError {
  return new UpstreamError(`the provider ${what}: ${advice}`, { isTransient })
}

/** What the errors of both SDKs have in common; what is in the body may be anything. */
interface Answered extends Error {
  readonly status: number | undefined
  readonly headers: Headers | undefined
  readonly code?: unknown
  readonly type?: unknown
}

interface Meaning {
  readonly advice: string
  readonly isTransient: boolean
}

const lasting = (advice: string): Meaning => ({ advice, isTransient: false })
const passing = (advice: string): Meaning => ({ advice, isTransient: true })

const KEY = lasting('check its API key')
const MODEL = lasting('check its base URL and model')
const TOO_LONG = lasting('the question is too long for it; shorten the conversation')
const FILTERED = lasting('its content filter refused the question')
const REGION = lasting('it does not serve this region, or serves it under another base URL')
const UNPAID = lasting('its quota is used up; whoever pays for it has to raise it')
const OVERLOADED = passing('it has a problem of its own; try again later')

/** Codes and types of errors that say more than the status does. */
const MEANINGS: ReadonlyMap<unknown, Meaning> = new Map([
  // https://platform.openai.com/docs/guides/error-codes
  ['invalid_api_key', KEY],
  ['model_not_found', MODEL],
  ['insufficient_quota', UNPAID],
  ['context_length_exceeded', TOO_LONG],
  ['content_policy_violation', FILTERED],
  ['unsupported_country_region_territory', REGION],
  ['incorrect_hostname', REGION],
  // https://learn.microsoft.com/azure/ai-foundry/openai/concepts/content-filter
  ['content_filter', FILTERED],
  ['DeploymentNotFound', lasting('it has no deployment of this name; check the model')],
  // https://platform.claude.com/docs/en/api/errors
  ['authentication_error', KEY],
  ['billing_error', UNPAID],
  ['request_too_large', TOO_LONG],
  ['overloaded_error', OVERLOADED],
])

function ofApi(error: Answered): UpstreamError {
  const { status, headers } = error
  const meant = MEANINGS.get(error.code) ?? MEANINGS.get(error.type)
  const what = status === undefined ? 'reported an error while answering' : `answered ${status}`
  const { advice, isTransient } = meant ?? meaningOf(status)
  const retryAfterMs = retryAfterOf(headers)
  return new UpstreamError(`the provider ${what}: ${advice}`, { isTransient, retryAfterMs, status })
}

const BY_STATUS: ReadonlyMap<number, Meaning> = new Map([
  [401, KEY],
  [403, lasting('check its API key, and whether it serves this model and region')],
  [404, MODEL],
  [408, passing('it gave up waiting; try again')],
  [413, TOO_LONG],
  [429, passing('its rate limit or quota is used up')],
])

function meaningOf(status: number | undefined): Meaning {
  if (status === undefined) return passing(TRY_AGAIN)
  const known = BY_STATUS.get(status)
  if (known) return known
  if (status >= 500) return OVERLOADED
  if (status < 400) return lasting(CHECK_URL)
  return lasting('check the model, and the length and settings of the request')
}

/** Seconds, or a date (RFC 9110, section 10.2.3); one in the past means now. */
function retryAfterOf(headers: Headers | undefined): number | undefined {
  const exact = readNumber(headers, 'retry-after-ms')
  if (exact !== undefined) return exact
  const seconds = readNumber(headers, 'retry-after')
  if (seconds !== undefined) return seconds * 1_000
  const date = Date.parse(headers?.get('retry-after') ?? '')
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now())
}

function readNumber(headers: Headers | undefined, name: string): number | undefined {
  const value = Number(headers?.get(name) ?? Number.NaN)
  return Number.isFinite(value) && value >= 0 ? value : undefined
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
