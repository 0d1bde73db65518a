import { setTimeout } from 'node:timers/promises'
import { mib } from '@lexcustis/core'
import { readScenario, type ScriptedScenario } from '@lexcustis/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ScenarioService, startScenarioService, until } from './scenarios-service.js'

/** How many calls are made at once where many are made. */
const AT_ONCE = 16
/** Longer than any test: what ends here was not ended by a timeout. */
const PATIENCE_MS = 120_000

let service: ScenarioService

beforeAll(async () => {
  service = await startScenarioService({ firstTokenMs: PATIENCE_MS, idleMs: PATIENCE_MS })
})
afterAll(async () => {
  await service[Symbol.asyncDispose]()
})

const answer = readScenario('answer')
const TEXT = answer.expect.text ?? ''

function endless(perSecond?: number): ScriptedScenario {
  const [reply] = answer.replies
  if (!reply) throw new Error('the scenario has no reply')
  const steps = [{ repeat: { perSecond, steps: [{ text: ['never ending '.repeat(1_000)] }] } }]
  return { ...answer, replies: [{ ...reply, steps }] }
}

const last = () => service.provider.requests.at(-1)

describe('a client that leaves', () => {
  test.each([
    ['before the response head', 'silent'],
    ['before the first text', 'stall-before-text'],
  ])('%s takes the request to the provider with it', async (_, name) => {
    service.provider.setScenario(readScenario(name))
    const count = service.provider.requests.length
    const abort = new AbortController()
    const asked = service.ask({ signal: abort.signal })
    await until(() => service.provider.requests.length > count)
    abort.abort()
    const { events, error } = await asked
    expect([events, error?.reason]).toEqual([[], 'CANCELLED'])
    await until(() => last()?.closed === true)
    expect(last()).toMatchObject({ aborted: true, finished: false })
    expect(service.provider.requests).toHaveLength(count + 1)
  })

  test('in the middle of an answer gets nothing more, and nobody asks again', async () => {
    service.provider.setScenario(endless(100))
    const count = service.provider.requests.length
    const abort = new AbortController()
    const { events, error } = await service.ask({
      signal: abort.signal,
      onEvent: (_, seen) => {
        if (seen === 3) abort.abort()
      },
    })
    expect(error?.reason).toBe('CANCELLED')
    expect(new Set(events.map(({ $case }) => $case))).toEqual(new Set(['delta']))
    await until(() => last()?.closed === true)
    expect(last()?.aborted).toBe(true)
    expect(service.provider.requests).toHaveLength(count + 1)
  })
})

describe('a client that reads slowly', () => {
  test('slows the provider down: what is under way stays bounded', async () => {
    service.provider.setScenario(endless())
    const abort = new AbortController()
    const { error } = await service.ask({
      signal: abort.signal,
      onEvent: async (_, seen) => {
        if (seen < 2) return
        // It stops reading; the provider sends until everything between them is full.
        let before = -1
        while (before !== last()?.sentBytes) {
          before = last()?.sentBytes ?? 0
          expect(before).toBeLessThan(mib(24))
          await setTimeout(250)
        }
        abort.abort()
      },
    })
    expect(error?.reason).toBe('CANCELLED')
    expect(last()?.sentBytes).toBeLessThan(mib(24))
    await until(() => last()?.closed === true)
    expect(last()?.aborted).toBe(true)
  })

  test('gets all of it in the end', async () => {
    const texts = Array.from({ length: 2_000 }, (_, n) => `${n} ${'x'.repeat(1_000)} `)
    const [reply] = answer.replies
    const steps = [{ text: texts }, { finish: 'stop' }, { done: true as const }]
    service.provider.setScenario({
      ...answer,
      replies: reply ? [{ ...reply, steps }] : [],
    })
    const { text, events } = await service.ask({
      onEvent: (_, seen) => (seen % 200 === 0 ? setTimeout(1) : undefined),
    })
    expect(text).toBe(texts.join(''))
    expect(events.at(-1)?.$case).toBe('finished')
  })
})

describe('an answer in pieces', () => {
  test('is the same at whichever byte its stream is split', async () => {
    const scenario = readScenario('split-each-offset')
    service.provider.setScenario(scenario)
    await service.ask()
    const offsets = last()?.sentBytes ?? 0
    expect(offsets).toBeGreaterThan(100)
    let left = offsets
    const ask = async () => {
      while (left-- > 0) {
        const { text, events } = await service.ask()
        expect([text, events.at(-1)?.$case]).toEqual([scenario.expect.text, 'finished'])
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, ask))
  })

  test('is the same at whichever bytes, line ends and encodings it is split', async () => {
    const base = readScenario('comments')
    const places = fc.uniqueArray(fc.integer({ min: 1, max: 1_500 }), { maxLength: 40 })
    const lineEnds = fc.constantFrom('lf' as const, 'crlf' as const, 'cr' as const)
    await fc.assert(
      fc.asyncProperty(places, lineEnds, async (splitAt, lineEnd) => {
        const replies = base.replies.map((reply) => ({ ...reply, splitAt, lineEnd }))
        service.provider.setScenario({ ...base, replies })
        const { text, events } = await service.ask()
        expect(text).toBe(TEXT)
        const kinds = events.map(({ $case }) => $case).filter((kind) => kind !== 'delta')
        expect(kinds).toEqual(['usage', 'finished'])
      }),
      { numRuns: 150 },
    )
  })
})
