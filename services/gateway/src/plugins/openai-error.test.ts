import { AppError, REASONS } from '@lexcustis/core'
import { describe, expect, test } from 'vitest'
import { Refusal } from '../domain/refusal.js'
import { toOpenAiError } from './openai-error.js'
import { failureHeaders, toProblem } from './problem.js'

describe('toOpenAiError', () => {
  test.each([
    ['/messages/0/content', 'messages[0].content'],
    ['/model', 'model'],
    ['/a~1b/2/c~0d', 'a/b[2].c~d'],
    ['', null],
  ])('writes the place %s as %s', (pointer, param) => {
    const failure = new AppError('INVALID_INPUT', 'no', { errors: [{ pointer, detail: 'is bad' }] })
    expect(toOpenAiError(failure).error).toEqual({
      message: 'is bad',
      type: 'invalid_request_error',
      param,
      code: null,
    })
  })

  test('names an unknown model as OpenAI does', () => {
    const errors = [{ pointer: '/model', detail: 'the model x does not exist' }]
    expect(toOpenAiError(new AppError('NOT_FOUND', 'x', { errors })).error).toMatchObject({
      code: 'model_not_found',
      param: 'model',
    })
  })

  test('tells a used-up budget from a rate limit', () => {
    const code = (refusal: Refusal) => toOpenAiError(refusal).error.code
    expect(code(new Refusal('RATE_LIMITED', 'budget_exhausted', '', false))).toBe(
      'insufficient_quota',
    )
    expect(code(new Refusal('RATE_LIMITED', 'rate_limited', '', true))).toBe('rate_limit_exceeded')
    expect(code(new Refusal('CONFLICT', 'organization_paused', '', false))).toBe(
      'organization_paused',
    )
  })
})

describe('both renderings', () => {
  test('keep the text of an INTERNAL failure to themselves', () => {
    const failure = new AppError('INTERNAL', 'password=hunter2')
    expect(JSON.stringify([toOpenAiError(failure), toProblem(failure, 'id')])).not.toContain(
      'hunter2',
    )
  })

  test.each(REASONS)('exist for %s', (reason) => {
    const failure = new AppError(reason, 'text')
    expect(toProblem(failure, 'id').type).toMatch(/^\/problems\/[a-z-]+$/)
    expect(toOpenAiError(failure).error.type).toMatch(/^[a-z_]+$/)
  })

  test('forbid retries of conflicts and of final refusals, and of nothing else', () => {
    const final = (failure: AppError) => failureHeaders(failure)['x-should-retry']
    expect(final(new AppError('CONFLICT', ''))).toBe('false')
    expect(final(new Refusal('RATE_LIMITED', 'budget_exhausted', '', false))).toBe('false')
    expect(final(new Refusal('RATE_LIMITED', 'rate_limited', '', true))).toBeUndefined()
    expect(final(new AppError('UNAVAILABLE', ''))).toBeUndefined()
  })

  test('round the time to wait up', () => {
    const failure = new AppError('UNAVAILABLE', '', { retryAfterMs: 1 })
    expect(failureHeaders(failure)['retry-after']).toBe('1')
  })
})
