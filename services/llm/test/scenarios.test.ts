import { FinishReason } from '@lexcustis/proto/llm'
import { type Expectation, listScenarios, readScenario } from '@lexcustis/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Event, type Outcome, startScenarioService, until } from './scenarios-service.js'
import type { ScenarioService } from './scenarios-service.js'

const TOOLS = JSON.stringify(
  ['departures', 'weather'].map((name) => ({
    type: 'function',
    function: { name, description: name, parameters: { type: 'object', properties: {} } },
  })),
)
const FINISH_REASONS = {
  stop: FinishReason.STOP,
  length: FinishReason.LENGTH,
  content_filter: FinishReason.CONTENT_FILTER,
  tool_calls: FinishReason.TOOL_CALLS,
} as const

/** Vitest reports the start of a test through a timer, which runs beside the test. */
const REPORTER_TIMERS = 1

let service: ScenarioService
let before: Held
const warnings: string[] = []
const noteWarning = (warning: Error) => void warnings.push(warning.name)

/** What this process holds on to; the service is part of it. */
interface Held {
  readonly timers: number
  readonly listeners: number
}

const held = (): Held => ({
  timers: process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length,
  listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
})

beforeAll(async () => {
  service = await startScenarioService({ firstTokenMs: 1_000, idleMs: 500 })
  process.on('warning', noteWarning)
  service.provider.setScenario(readScenario('answer'))
  await service.ask()
  await service.ends()
  before = held()
})
afterAll(async () => {
  process.off('warning', noteWarning)
  await service[Symbol.asyncDispose]()
})

const only = <K extends Event['$case']>(events: readonly Event[], kind: K) =>
  events.filter((event): event is Extract<Event, { $case: K }> => event.$case === kind)

function toolCallsOf({ events }: Outcome) {
  const calls: { id: string; name: string; arguments: string }[] = []
  for (const { value } of only(events, 'toolCall')) {
    const call = (calls[value.index] ??= { id: '', name: '', arguments: '' })
    call.id += value.id
    call.name += value.name
    call.arguments += value.arguments
  }
  return calls
}

function assertOneOutcome({ events, error }: Outcome): void {
  const finished = only(events, 'finished')
  expect(finished.length + (error ? 1 : 0)).toBe(1)
  expect(only(events, 'usage').length).toBeLessThanOrEqual(1)
  if (finished.length === 0) return
  expect(events.slice(-2).map(({ $case }) => $case)).toEqual(['usage', 'finished'])
}

function assertExpected(outcome: Outcome, expected: Expectation): void {
  const { events, text, error } = outcome
  const [finished, usage] = [only(events, 'finished')[0], only(events, 'usage')[0]]
  expect(error?.reason ?? 'finished').toBe(expected.outcome)
  if (expected.text !== undefined) expect(text).toBe(expected.text)
  if (expected.characters !== undefined) expect(text.length).toBe(expected.characters)
  if (expected.retryAfterMs !== undefined) expect(error?.retryAfterMs).toBe(expected.retryAfterMs)
  if (expected.finishReason) {
    expect(finished?.value.reason).toBe(FINISH_REASONS[expected.finishReason])
  }
  if (expected.modelSnapshot) expect(finished?.value.modelSnapshot).toBe(expected.modelSnapshot)
  if (expected.usage === 'estimated') expect(usage?.value.estimated).toBe(true)
  else if (expected.usage) {
    const { in: tokensIn, out: tokensOut } = expected.usage
    expect(usage?.value).toMatchObject({ tokensIn, tokensOut, estimated: false })
  }
  expect(toolCallsOf(outcome)).toEqual(expected.toolCalls ?? [])
}

async function assertNothingHeld(spareTimers: number): Promise<void> {
  await until(() => held().timers <= before.timers + spareTimers)
  expect(held().timers).toBeLessThanOrEqual(before.timers + spareTimers)
  expect(held().listeners).toBeLessThanOrEqual(before.listeners)
}

const total = (ends: Readonly<Record<string, number>>) =>
  Object.values(ends).reduce((sum, count) => sum + count, 0)

describe('every scenario has one outcome, and leaves nothing behind', () => {
  test.each(listScenarios())('%s', async (name) => {
    const { expect: expected, ...scenario } = readScenario(name)
    const { provider } = service
    provider.setScenario({ expect: expected, ...scenario })
    const asked = provider.requests.length
    const endsBefore = await service.ends()

    const outcome = await service.ask(expected.toolCalls ? { request: { toolsJson: TOOLS } } : {})

    assertOneOutcome(outcome)
    assertExpected(outcome, expected)
    const requests = provider.requests.slice(asked)
    if (expected.requests !== undefined) expect(requests).toHaveLength(expected.requests)
    await until(() => requests.every(({ closed }) => closed))
    expect(requests.filter(({ closed }) => !closed)).toEqual([])
    const end = expected.outcome === 'finished' ? 'OK' : expected.outcome
    const ends = await service.ends()
    expect(total(ends) - total(endsBefore)).toBe(1)
    expect((ends[end] ?? 0) - (endsBefore[end] ?? 0)).toBe(1)
    await assertNothingHeld(REPORTER_TIMERS)
  })

  test('and after all of them, nothing is held at all', async () => {
    await assertNothingHeld(0)
    expect(warnings).not.toContain('MaxListenersExceededWarning')
  })

  test('and once the service stops, it has no connection to the provider left', async () => {
    await service.stop()
    await until(() => service.provider.openSockets === 0)
    expect(service.provider.openSockets).toBe(0)
  })
})
