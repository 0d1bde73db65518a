import { FinishReason } from '@lexcustis/proto/llm'
import { type Expectation, listScenarios, readScenario } from '@lexcustis/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Event,
  type Outcome,
  type ScenarioService,
  startScenarioService,
  until,
} from './scenarios-service.js'
import { type OwnTimers, watchTimersOf } from './scenarios-timers.js'

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

/** Waits so long that a timer which is left behind is still there when it is looked for. */
let patient: ScenarioService
/** For providers that are silent. */
let hasty: ScenarioService
let timers: OwnTimers
let before: Held
const warnings: string[] = []
const noteWarning = (warning: Error) => void warnings.push(warning.name)

/** What is still there when an answer is over. */
interface Held {
  readonly timers: number
  readonly listeners: number
}

const held = (): Held => ({
  timers: timers.running,
  listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
})

/** Vitest's own timeout of the test that runs. */
const OF_THE_TEST = 1
const activeTimers = () =>
  process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length

beforeAll(async () => {
  timers = watchTimersOf('/services/llm/src/')
  process.on('warning', noteWarning)
  patient = await startScenarioService({ firstTokenMs: 300_000, idleMs: 300_000 })
  hasty = await startScenarioService({ firstTokenMs: 600, idleMs: 400 })
  for (const service of [patient, hasty]) {
    service.provider.setScenario(readScenario('answer'))
    await service.ask()
    await service.ends()
  }
  before = held()
})
afterAll(async () => {
  process.off('warning', noteWarning)
  timers[Symbol.dispose]()
  await patient[Symbol.asyncDispose]()
  await hasty[Symbol.asyncDispose]()
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

const total = (ends: Readonly<Record<string, number>>) =>
  Object.values(ends).reduce((sum, count) => sum + count, 0)

describe('every scenario has one outcome, and leaves nothing behind', () => {
  test.each(listScenarios())('%s', async (name) => {
    const { expect: expected, ...scenario } = readScenario(name)
    const service = expected.outcome === 'TIMEOUT' ? hasty : patient
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
    await until(() => held().timers <= before.timers)
    expect(held().timers).toBeLessThanOrEqual(before.timers)
    expect(held().listeners).toBeLessThanOrEqual(before.listeners)
  })

  test('and the service, once it stops, holds neither connections nor timers', async () => {
    await patient.stop()
    await hasty.stop()
    const openSockets = () => patient.provider.openSockets + hasty.provider.openSockets
    await until(() => openSockets() === 0 && activeTimers() <= OF_THE_TEST)
    expect(openSockets()).toBe(0)
    expect(held().timers).toBeLessThanOrEqual(before.timers)
    expect(activeTimers()).toBeLessThanOrEqual(OF_THE_TEST)
    expect(warnings).not.toContain('MaxListenersExceededWarning')
  })
})
