import { APIError as AnthropicError } from '@anthropic-ai/sdk'
import { AppError } from '@lexcustis/core'
import { APIConnectionError, APIError } from 'openai'
import { describe, expect, test } from 'vitest'
import { toProviderFailure } from './provider-failure.js'

const WORDS = 'your question was: when does the train leave'

const openAi = (status: number | undefined, code: string | null, headers = {}) =>
  new APIError(status, { message: WORDS, code }, WORDS, new Headers(headers))
const anthropic = (status: number | undefined, type: string) =>
  new AnthropicError(status, { error: { type, message: WORDS } }, WORDS, new Headers())

describe('a failure of a provider', () => {
  test.each<[Error, RegExp, boolean]>([
    [openAi(429, 'insufficient_quota'), /answered 429: its quota is used up/, false],
    [openAi(429, 'rate_limit_exceeded'), /answered 429: its rate limit/, true],
    [openAi(400, 'context_length_exceeded'), /answered 400: the question is too long/, false],
    [openAi(400, 'content_filter'), /answered 400: its content filter refused/, false],
    [openAi(403, 'unsupported_country_region_territory'), /403: it does not serve this/, false],
    [openAi(401, 'incorrect_hostname'), /401: it does not serve this region/, false],
    [openAi(404, 'DeploymentNotFound'), /404: it has no deployment of this name/, false],
    [openAi(undefined, null), /reported an error while answering: try again/, true],
    [anthropic(400, 'billing_error'), /answered 400: its quota is used up/, false],
    [anthropic(undefined, 'overloaded_error'), /while answering: it has a problem/, true],
    [anthropic(529, 'overloaded_error'), /answered 529: it has a problem/, true],
    [anthropic(403, 'permission_error'), /answered 403: check its API key, and whether/, false],
    [new APIConnectionError({ message: WORDS }), /cannot be reached: check its base URL/, true],
    [new SyntaxError(WORDS), /sent an event that is not JSON/, false],
    [new Error(WORDS), /broke off its answer: try again/, true],
  ])('says what to do (%#)', (error, message, isTransient) => {
    const failure = toProviderFailure(error)
    expect(failure).toMatchObject({ reason: 'UPSTREAM_ERROR', isTransient })
    expect(failure.message).toMatch(message)
    expect(JSON.stringify([failure, String(failure), failure.cause])).not.toContain('train')
  })

  test.each([
    [{ 'retry-after': '3' }, 3_000],
    [{ 'retry-after': '3', 'retry-after-ms': '250' }, 250],
    [{ 'retry-after': 'soon' }, undefined],
    [{}, undefined],
  ])('passes on when to try again (%#)', (headers, retryAfterMs) => {
    expect(toProviderFailure(openAi(429, null, headers)).retryAfterMs).toBe(retryAfterMs)
  })

  test('that is ours stays what it is, however it was wrapped', () => {
    const ours = new AppError('UPSTREAM_ERROR', 'ours')
    const wrapped = new APIConnectionError({ message: 'x', cause: new Error('y', { cause: ours }) })
    expect(toProviderFailure(wrapped)).toBe(ours)
  })
})
