import { AppError } from '@lexcustis/core'
import { describe, expect, test } from 'vitest'
import type { CompletionEvent, Question } from './completion.js'
import { FallbackCompleter, type Link } from './fallback-completer.js'
import { UpstreamError } from './upstream-error.js'

const question: Question = {
  model: 'asked',
  messages: [{ speaker: 'user', content: 'q' }],
  sources: [],
  sampling: {
    temperature: undefined,
    topP: undefined,
    maxTokens: undefined,
    seed: undefined,
    stop: [],
  },
}
const transient = new UpstreamError('busy', { isTransient: true })
const lasting = (status: number) => new UpstreamError('no', { isTransient: false, status })

/** Answers with its name, or fails after so many pieces. */
function link(model: string, failure?: Error, pieces = 0): Link & { readonly asked: string[] } {
  const asked: string[] = []
  return {
    asked,
    provider: { kind: 'openai-compatible', model, models: [model], region: 'eu' },
    completer: {
      async *complete({ model: given }): AsyncGenerator<CompletionEvent> {
        asked.push(given)
        await Promise.resolve()
        for (let n = 0; n < (failure ? pieces : 1); n += 1) yield { kind: 'delta', text: model }
        if (failure) throw failure
      },
    },
  }
}

async function ask(links: [Link, ...Link[]], signal = new AbortController().signal) {
  const steps: string[] = []
  const completer = new FallbackCompleter(links, (from, to) => {
    steps.push(`${from.model} → ${to.model}`)
  })
  const texts: string[] = []
  let error: unknown
  try {
    for await (const event of completer.complete(question, signal)) {
      if (event.kind === 'delta') texts.push(event.text)
    }
  } catch (caught) {
    error = caught
  }
  return { texts, error, steps }
}

describe('a chain of providers', () => {
  test('is the first one alone while it answers', async () => {
    const second = link('second')
    expect(await ask([link('first'), second])).toMatchObject({ texts: ['first'], steps: [] })
    expect(second.asked).toEqual([])
  })

  test.each([
    ['is busy', transient],
    ['is silent', new AppError('TIMEOUT', 'no first token')],
    ['refuses its key', lasting(401)],
    ['has lost its model', lasting(404)],
  ])('goes on when the first one %s, with the model of the second', async (_, failure) => {
    const [first, second] = [link('first', failure), link('second')]
    expect(await ask([first, second])).toMatchObject({
      texts: ['second'],
      steps: ['first → second'],
      error: undefined,
    })
    expect([first.asked, second.asked]).toEqual([['asked'], ['second']])
  })

  test.each([
    ['a field it does not take', new AppError('INVALID_INPUT', '/seed')],
    ['a question too long', lasting(413)],
    ['its filter', lasting(400)],
    ['a fault of ours', new Error('bug')],
  ])('does not carry a question elsewhere that was refused for %s', async (_, failure) => {
    const second = link('second')
    expect(await ask([link('first', failure), second])).toMatchObject({ error: failure })
    expect(second.asked).toEqual([])
  })

  test('does not begin again once something was answered', async () => {
    const second = link('second')
    const outcome = await ask([link('first', transient, 2), second])
    expect(outcome).toMatchObject({ texts: ['first', 'first'], error: transient })
    expect(second.asked).toEqual([])
  })

  test('ends at once when nobody waits any more', async () => {
    const second = link('second')
    expect(await ask([link('first', transient), second], AbortSignal.abort())).toMatchObject({
      error: transient,
    })
    expect(second.asked).toEqual([])
  })

  test('tells the last failure that was one of a provider', async () => {
    const refused = new AppError('INVALID_INPUT', '/temperature is not taken')
    const chain: [Link, ...Link[]] = [
      link('first', transient),
      link('second', lasting(401)),
      link('third', refused),
    ]
    const { error, steps } = await ask(chain)
    expect(error).toMatchObject({ status: 401 })
    expect(steps).toEqual(['first → second', 'second → third'])
  })
})
