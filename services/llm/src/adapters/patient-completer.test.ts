import { AppError } from '@lexcustis/core'
import { describe, expect, test, vi } from 'vitest'
import type { Completer, CompletionEvent, Question } from '../domain/completion.js'
import type { Provider } from '../domain/provider.js'
import { UpstreamError } from '../domain/upstream-error.js'
import { Patience } from './patient-completer.js'

const PROVIDER: Provider = {
  kind: 'openai-compatible',
  model: 'm',
  models: ['m'],
  region: 'eu',
  endpoint: { baseUrl: 'http://127.0.0.1:9/v1', apiKey: undefined, isGuarded: false },
}
const QUESTION = { model: 'm' } as unknown as Question
const DELTA: CompletionEvent = { kind: 'delta', text: 'Hello' }
const overloaded = (retryAfterMs?: number) =>
  new UpstreamError('the provider answered 503', { isTransient: true, status: 503, retryAfterMs })

/** Each attempt yields some events or throws at once; the last step repeats. */
class Steps implements Completer {
  attempts = 0
  constructor(private readonly steps: readonly (readonly (CompletionEvent | Error)[])[]) {}

  async *complete(): AsyncGenerator<CompletionEvent> {
    const step = this.steps[Math.min(this.attempts++, this.steps.length - 1)] ?? []
    for (const event of step) {
      if (event instanceof Error) throw event
      yield event
    }
  }
}

function world(onBreak = vi.fn()) {
  const patience = new Patience({
    retries: 2,
    pauseMs: 2,
    maxWaitMs: 50,
    breakAfter: 4,
    breakMs: 60_000,
    onBreak,
  })
  const ask = async (completer: Completer, organization = 'a', signal?: AbortSignal) => {
    const events: CompletionEvent[] = []
    const patient = patience.wrap(organization, PROVIDER, completer)
    const until = signal ?? new AbortController().signal
    for await (const event of patient.complete(QUESTION, until)) events.push(event)
    return events
  }
  return { ask, onBreak }
}

describe('a provider that fails before its answer', () => {
  test('is asked again, and answers as if nothing had been', async () => {
    const completer = new Steps([[overloaded()], [overloaded(1)], [DELTA]])
    expect(await world().ask(completer)).toEqual([DELTA])
    expect(completer.attempts).toBe(3)
  })

  test('is given up after the retries, with its own error', async () => {
    const completer = new Steps([[overloaded()]])
    await expect(world().ask(completer)).rejects.toMatchObject({ status: 503 })
    expect(completer.attempts).toBe(3)
  })

  test.each([
    ['because of the key', new UpstreamError('401', { isTransient: false, status: 401 })],
    ['and wants to be left alone for long', overloaded(60_000)],
    ['by saying nothing', new AppError('TIMEOUT', 'no first token')],
  ])('%s is not asked again', async (_, error) => {
    const completer = new Steps([[error]])
    await expect(world().ask(completer)).rejects.toBe(error)
    expect(completer.attempts).toBe(1)
  })

  test('is not waited for by somebody who is gone', async () => {
    const stop = new AbortController()
    const completer = new Steps([[overloaded(40)]])
    const asked = world().ask(completer, 'a', stop.signal)
    setTimeout(() => stop.abort(new AppError('CANCELLED', 'gone')), 5)
    await expect(asked).rejects.toMatchObject({ reason: 'CANCELLED' })
    expect(completer.attempts).toBe(1)
  })
})

test('an answer that began is never begun again', async () => {
  const completer = new Steps([[DELTA, overloaded()]])
  await expect(world().ask(completer)).rejects.toMatchObject({ status: 503 })
  expect(completer.attempts).toBe(1)
})

test('a provider that keeps failing is left alone, for the organisation it fails for', async () => {
  const { ask, onBreak } = world()
  const down = new Steps([[overloaded()]])
  await expect(ask(down)).rejects.toMatchObject({ status: 503 })
  await expect(ask(down)).rejects.toMatchObject({ reason: 'UPSTREAM_ERROR' })
  expect(down.attempts).toBe(4)
  await expect(ask(down)).rejects.toMatchObject({
    message: expect.stringMatching(/left alone/) as string,
    retryAfterMs: 60_000,
  })
  expect(down.attempts).toBe(4)
  expect(onBreak.mock.calls).toEqual([['openai-compatible', true]])
  expect(await ask(new Steps([[DELTA]]), 'b')).toEqual([DELTA])
})

test('a wrong key breaks nothing', async () => {
  const { ask, onBreak } = world()
  const refused = new Steps([[new UpstreamError('401', { isTransient: false, status: 401 })]])
  for (let n = 0; n < 10; n += 1) await expect(ask(refused)).rejects.toMatchObject({ status: 401 })
  expect(refused.attempts).toBe(10)
  expect(onBreak).not.toHaveBeenCalled()
})
