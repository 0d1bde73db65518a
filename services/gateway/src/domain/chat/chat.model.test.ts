import { AppError, REASONS } from '@lexcustis/core'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import {
  ALLOWED,
  type AppendFate,
  BLOCKED_ANSWER,
  BLOCKED_INPUT,
  chatRequest,
  createWorld,
  delta,
  FINISHED,
  FOUND,
  GOOD_ANSWER,
  type ModelStep,
  USAGE,
  type World,
} from '../../../test/chat/fakes.js'
import type { ChatResult } from './result.js'
import type { StopReason } from './stop.js'

// Whatever fails at whatever step: exactly one end follows each start, nothing reaches a provider
// without a durable start, and what the client sees agrees with what is recorded.

interface Scenario {
  readonly isStream: boolean
  readonly input: 'allow' | 'hold' | 'block' | 'fail'
  readonly canResolve: boolean
  readonly search: 'found' | 'fail'
  readonly start: readonly AppendFate[]
  readonly script: readonly ModelStep[]
  readonly output: 'allow' | 'block' | 'fail'
  readonly end: readonly AppendFate[]
  readonly stop: { readonly at: string; readonly reason: StopReason } | undefined
}

const fates = (...kinds: AppendFate[]) =>
  fc.array(fc.constantFrom<AppendFate>('seal', ...kinds), { maxLength: 4 })

const step = fc.oneof(
  { weight: 6, arbitrary: fc.string({ maxLength: 6 }).map(delta) },
  { weight: 2, arbitrary: fc.constantFrom<ModelStep>(FINISHED, USAGE) },
  { weight: 1, arbitrary: fc.constant<ModelStep>({ kind: 'hang' }) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(...REASONS)
      .map((reason): ModelStep => ({ kind: 'throw', error: new AppError(reason, 'scripted') })),
  },
)

const scenario: fc.Arbitrary<Scenario> = fc.record({
  isStream: fc.boolean(),
  input: fc.constantFrom('allow', 'allow', 'hold', 'hold', 'block', 'fail'),
  canResolve: fc.integer({ max: 9, min: 0 }).map((n) => n > 0),
  search: fc.constantFrom('found', 'found', 'fail'),
  start: fc.oneof(fc.constant([]), fates('unreachable', 'reply lost', 'invalid')),
  script: fc.oneof(
    fc.array(step, { maxLength: 6 }),
    fc.array(step, { maxLength: 6 }).map((steps) => [...steps, USAGE, FINISHED]),
  ),
  output: fc.constantFrom('allow', 'allow', 'block', 'fail'),
  // A bare end holds nothing to refuse, so at most one append is found invalid.
  end: fates('unreachable', 'reply lost', 'invalid').filter(
    (appends) => appends.filter((fate) => fate === 'invalid').length < 2,
  ),
  stop: fc.option(
    fc.record({
      at: fc.constantFrom('input', 'search', 'ask', 'step 0', 'step 2', 'step 4', 'output'),
      reason: fc.constantFrom<StopReason>('client_cancelled', 'timeout', 'shutdown'),
    }),
    { nil: undefined },
  ),
})

const unavailable = () => new AppError('UNAVAILABLE', 'did not answer')

interface Run {
  readonly world: World
  readonly requestId: string
  readonly result: ChatResult | undefined
  readonly refusal: unknown
}

async function run(given: Scenario): Promise<Run> {
  const pass = (point: string) => {
    if (given.stop?.at === point) stop.now(given.stop.reason)
  }
  const world = createWorld({
    script: given.script,
    ...(given.canResolve ? {} : { resolveError: unavailable() }),
    input: async () => {
      pass('input')
      if (given.input === 'fail') throw unavailable()
      if (given.input === 'block') return BLOCKED_INPUT
      return { ...ALLOWED, mustHoldOutput: given.input === 'hold' }
    },
    search: async () => {
      pass('search')
      if (given.search === 'fail') throw unavailable()
      return FOUND
    },
    output: async () => {
      pass('output')
      if (given.output === 'fail') throw unavailable()
      return given.output === 'block' ? BLOCKED_ANSWER : GOOD_ANSWER
    },
    settings: { maxMs: 40, receiptWaitMs: 20 },
  })
  world.evidence.fates.start.push(...given.start)
  world.evidence.fates.end.push(...given.end)
  const request = chatRequest({ isStream: given.isStream })
  world.model.onAsk = () => {
    expect(world.evidence.has(request.requestId), 'asked without a durable start').toBe(true)
    expect(world.audience.events[0]).toBe('open')
    pass('ask')
  }
  world.model.onStep = (index) => pass(`step ${index}`)
  const stop = world.running.begin()
  let result: ChatResult | undefined
  let refusal: unknown
  try {
    result = await world.chat(request, world.audience, stop)
  } catch (error) {
    refusal = error
  }
  world.running.end(stop)
  await world.running.settled(1_000)
  return { world, requestId: request.requestId, result, refusal }
}

function checkLog({ world, requestId }: Run): void {
  const starts = world.evidence.ofType('chat.started')
  expect(starts.length).toBeLessThanOrEqual(1)
  expect(world.evidence.endsOf(requestId)).toHaveLength(starts.length)
  for (const record of world.evidence.records) {
    // RFC 8785 input: no floats, no null, no undefined (AUDIT_SPEC section 2).
    expect(JSON.parse(JSON.stringify(record.attrs))).toEqual(record.attrs)
    expect(JSON.stringify(record.attrs)).not.toMatch(/null|\d\.\d+[,}\]]/)
    expect(record.attrs['outcome'] === undefined).toBe(record.type === 'chat.started')
  }
  if (starts.length === 0) expect(world.model.asked).toEqual([])
}

function checkClient({ world, result, refusal }: Run, given: Scenario): void {
  const { events, text } = world.audience
  expect(events.filter((event) => event === 'open').length).toBe(result ? 1 : 0)
  expect(events.indexOf('deliver')).not.toBe(0)
  expect(world.budget.released).toBe(result ? 0 : 1)
  if (!result) expect(refusal).toBeInstanceOf(AppError)
  const isWithheld = given.input === 'hold' && result?.kind !== 'completed'
  // A held answer is let go before its end is recorded, so only a missing receipt may follow it.
  if (isWithheld && !(result?.kind === 'failed' && result.outcome === 'completed')) {
    expect(text).toBe('')
  }
}

function checkAgreement({ world, requestId, result }: Run): void {
  if (!result?.receipt) return
  const { receipt } = result
  const recorded = world.evidence.records.find(({ id }) => id === receipt.end.entryId)
  const isBlockedInput = receipt.startedSequence === undefined
  expect(recorded?.ref).toBe(isBlockedInput ? undefined : requestId)
  const isBare = recorded?.attrs['failed_service'] === 'audit'
  if (!isBare) expect(recorded?.attrs['outcome']).toBe(receipt.outcome)
  const response = recorded?.content.find(({ field }) => field === 'response')?.value
  const isWhole = result.kind === 'completed' && !isBare
  if (isWhole) expect(response ?? '').toBe(result.answer.text)
}

test('exactly one end follows each start, whatever fails', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async (given) => {
      const ran = await run(given)
      const { world, requestId } = ran
      // An unanswered start is closed behind the client's back.
      await vi.waitFor(
        () =>
          expect(world.evidence.endsOf(requestId)).toHaveLength(
            world.evidence.ofType('chat.started').length,
          ),
        { interval: 2 },
      )
      checkLog(ran)
      checkClient(ran, given)
      checkAgreement(ran)
    }),
    { numRuns: 400 },
  )
})

test('a stream and a whole answer get the same end for the same events', async () => {
  await fc.assert(
    fc.asyncProperty(
      scenario.filter(({ stop, end }) => !stop && end.length === 0),
      async (given) => {
        const [streamed, whole] = await Promise.all([
          run({ ...given, isStream: true }),
          run({ ...given, isStream: false }),
        ])
        const outcomeOf = ({ world }: Run) =>
          world.evidence.records.map(({ type, attrs }) => [type, attrs['outcome']])
        expect(outcomeOf(whole)).toEqual(outcomeOf(streamed))
        expect(whole.result?.kind).toBe(streamed.result?.kind)
      },
    ),
    { numRuns: 150 },
  )
}, 120_000)
