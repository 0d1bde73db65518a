import { AppError } from '@lexcustis/core'
import { describe, expect, test, vi } from 'vitest'
import {
  ALLOWED,
  BLOCKED_ANSWER,
  BLOCKED_INPUT,
  chatRequest,
  createWorld,
  delta,
  FINISHED,
  GOOD_ANSWER,
  PASSAGE,
  USAGE,
} from '../../../test/chat/fakes.js'

const down = async (): Promise<never> => {
  throw new AppError('UNAVAILABLE', 'did not answer')
}

describe('a chat that succeeds', () => {
  test('records the start before the model is asked, then one end that refers to it', async () => {
    const world = createWorld()
    const request = chatRequest()
    world.model.onAsk = () => expect(world.evidence.has(request.requestId)).toBe(true)
    const result = await world.chat(request, world.audience, world.running.begin())

    expect(result.kind).toBe('completed')
    expect(world.audience.events).toEqual(['open', 'deliver', 'deliver'])
    expect(world.audience.text).toBe('Within two days [1].')
    const [start, end, ...more] = world.evidence.records
    expect(more).toEqual([])
    expect(start).toMatchObject({ id: request.requestId, type: 'chat.started' })
    expect(end).toMatchObject({ type: 'chat.completed', ref: request.requestId })
    expect(world.budget).toEqual({ taken: 1, released: 0 })
  })

  test('writes exactly the attributes of the specification', async () => {
    const world = createWorld()
    const request = chatRequest({ sampling: { temperature: 0.7 }, clientRequestId: 'mine-1' })
    await world.chat(request, world.audience, world.running.begin())
    const [start, end] = world.evidence.records
    expect(start?.trace).toBe('ab'.repeat(16))
    expect(start?.attrs).toEqual({
      provider: 'mistral',
      model: 'small',
      data_region: 'eu',
      endpoint: '/api/v1/chat',
      stream: true,
      policy_version: 'default-1',
      code_version: '0.1.0',
      ends_by: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/) as unknown,
      pii: { email: 1 },
      injection_e4: 120,
      rules: ['pii.email'],
      sources: [{ document: PASSAGE.documentId, chunk: 'c-1', version: 1, score_e4: 10_000 }],
      retrieval: 'sparse',
      temperature_e4: 7_000,
      client_request_id: 'mine-1',
    })
    expect(end?.attrs).toEqual({
      outcome: 'completed',
      provider: 'mistral',
      model: 'small',
      delivered: true,
      finish_reason: 'stop',
      tokens_in: 7,
      tokens_out: 3,
      tokens_estimated: false,
      first_token_ms: expect.any(Number) as unknown,
      total_ms: expect.any(Number) as unknown,
      confidence_e4: 9_000,
      grounding_e4: 8_000,
      bias: [],
      pii: {},
      signal: false,
      checks_failed: [],
      model_snapshot: 'm-2026',
    })
  })

  test('says where data may go before, and who answered and what it cost after', async () => {
    const world = createWorld()
    world.model.fallbackRegions = ['de', 'eu', 'ch']
    world.model.script = [
      delta('ok'),
      {
        kind: 'usage',
        usage: {
          tokensIn: 7,
          tokensOut: 3,
          isEstimated: false,
          cost: { micro: 1_250, currency: 'EUR' },
        },
      },
      {
        kind: 'finished',
        reason: 'stop',
        modelSnapshot: '',
        answeredBy: { provider: 'openai', model: 'other' },
      },
    ]
    const result = await world.chat(chatRequest(), world.audience, world.running.begin())
    const [start, end] = world.evidence.records
    expect(start?.attrs).toMatchObject({
      provider: 'mistral',
      model: 'small',
      data_region: 'eu+de+ch',
    })
    expect(end?.attrs).toMatchObject({
      provider: 'openai',
      model: 'other',
      cost_micro: 1_250,
      currency: 'EUR',
    })
    expect(result.receipt).toMatchObject({ provider: 'openai', model: 'other' })
  })

  test('commits to prompt, passages and response as canonical JSON and plain text', async () => {
    const world = createWorld()
    await world.chat(chatRequest(), world.audience, world.running.begin())
    const [start, end] = world.evidence.records
    expect(start?.content).toEqual([
      {
        field: 'prompt',
        value: '[{"content":"Which events must be reported within two days?","role":"user"}]',
      },
      {
        field: 'passages',
        value: `[{"chunk":"c-1","document":"${PASSAGE.documentId}","n":1,"text":"${PASSAGE.text}","title":"AI Act","version":1}]`,
      },
    ])
    expect(end?.content).toEqual([{ field: 'response', value: 'Within two days [1].' }])
  })

  test('gives a receipt with the sequences of start and end', async () => {
    const world = createWorld()
    const request = chatRequest()
    const result = await world.chat(request, world.audience, world.running.begin())
    expect(result.receipt).toMatchObject({
      requestId: request.requestId,
      organizationId: request.principal.organizationId,
      startedSequence: 0n,
      outcome: 'completed',
      provider: 'mistral',
      model: 'small',
      end: { sequence: 1n, entryId: world.evidence.records[1]?.id },
    })
  })

  test('signals a weak answer with its reasons', async () => {
    const output = async () => ({
      ...GOOD_ANSWER,
      confidenceE4: 4_200,
      signalReasons: ['no_sources'],
    })
    const world = createWorld({ output })
    const result = await world.chat(chatRequest(), world.audience, world.running.begin())
    expect(result).toMatchObject({ signal: { confidenceE4: 4_200, reasons: ['no_sources'] } })
    expect(world.evidence.records[1]?.attrs['signal']).toBe(true)
  })

  test('answers with the model that the client named, if the organisation has it', async () => {
    const world = createWorld()
    await world.chat(chatRequest({ model: 'large' }), world.audience, world.running.begin())
    expect(world.model.asked[0]?.model).toBe('large')
    expect(world.evidence.records[0]?.attrs['model']).toBe('large')
  })

  test('counts tokens itself, and says so, when the provider does not', async () => {
    const world = createWorld({ script: [delta('12345678'), FINISHED] })
    await world.chat(chatRequest(), world.audience, world.running.begin())
    expect(world.evidence.records[1]?.attrs).toMatchObject({
      tokens_out: 2,
      tokens_estimated: true,
    })
  })
})

describe('before the start', () => {
  test('an unknown model is refused with the names of the known ones, and nothing is recorded', async () => {
    const world = createWorld()
    const chatting = world.chat(
      chatRequest({ model: 'gpt-9' }),
      world.audience,
      world.running.begin(),
    )
    await expect(chatting).rejects.toMatchObject({
      reason: 'NOT_FOUND',
      message: expect.stringContaining('small, large') as unknown,
      errors: [{ pointer: '/model' }],
    })
    expect(world.evidence.records).toEqual([])
    expect(world.budget).toEqual({ taken: 1, released: 1 })
  })

  test('a refused admission asks nobody anything', async () => {
    const input = vi.fn(async () => ALLOWED)
    const admit = async () => {
      throw new AppError('RATE_LIMITED', 'the budget is used up')
    }
    const world = createWorld({ admit, input })
    await expect(
      world.chat(chatRequest(), world.audience, world.running.begin()),
    ).rejects.toMatchObject({ reason: 'RATE_LIMITED' })
    expect(input).not.toHaveBeenCalled()
  })

  test('without a verdict there is no answer', async () => {
    const world = createWorld({ input: down })
    await expect(
      world.chat(chatRequest(), world.audience, world.running.begin()),
    ).rejects.toMatchObject({ reason: 'UNAVAILABLE' })
    expect(world.model.asked).toEqual([])
    expect(world.evidence.records).toEqual([])
  })

  test('a blocked input is recorded once, without a start, and the model is never asked', async () => {
    const world = createWorld({ input: async () => BLOCKED_INPUT })
    const request = chatRequest()
    const result = await world.chat(request, world.audience, world.running.begin())
    expect(result).toMatchObject({ kind: 'blocked', stage: 'input', reasons: ['pii:iban'] })
    expect(result.receipt).toMatchObject({ startedSequence: undefined, outcome: 'blocked' })
    expect(result.opening.sources).toEqual([])
    expect(world.model.asked).toEqual([])
    expect(world.evidence.records).toEqual([
      expect.objectContaining({
        id: request.requestId,
        type: 'chat.blocked',
        attrs: { outcome: 'blocked', stage: 'input', reasons: ['pii:iban'], rules: ['pii.iban'] },
      }),
    ])
    expect(world.evidence.records[0]).not.toHaveProperty('ref')
    expect(world.budget.released).toBe(0)
  })

  test('without sources the answer comes all the same, and says so', async () => {
    const world = createWorld({ search: down })
    const result = await world.chat(chatRequest(), world.audience, world.running.begin())
    expect(result.kind).toBe('completed')
    expect(world.audience.opening).toMatchObject({ sources: [], isDegraded: true })
    expect(world.evidence.records[0]?.attrs).toMatchObject({ retrieval: 'failed', sources: [] })
    expect(world.evidence.records[0]?.content.map(({ field }) => field)).toEqual(['prompt'])
  })

  test('nothing is searched when retrieval is off', async () => {
    const search = vi.fn(down)
    const world = createWorld({ search })
    await world.chat(chatRequest({ usesRetrieval: false }), world.audience, world.running.begin())
    expect(search).not.toHaveBeenCalled()
    expect(world.evidence.records[0]?.attrs['retrieval']).toBe('off')
  })

  test('a start that cannot be recorded refuses, and nothing goes to the model', async () => {
    const world = createWorld()
    world.evidence.fates.start.push('unreachable')
    await expect(
      world.chat(chatRequest(), world.audience, world.running.begin()),
    ).rejects.toMatchObject({ reason: 'UNAVAILABLE' })
    expect(world.model.asked).toEqual([])
    expect(world.audience.events).toEqual([])
    expect(world.budget.released).toBe(1)
  })

  test('a start that turns out to be durable after its refusal still gets its end', async () => {
    const world = createWorld()
    world.evidence.fates.start.push('reply lost')
    const request = chatRequest()
    await expect(world.chat(request, world.audience, world.running.begin())).rejects.toThrow()
    await vi.waitFor(() => expect(world.evidence.endsOf(request.requestId)).toHaveLength(1))
    expect(world.evidence.endsOf(request.requestId)[0]?.attrs).toMatchObject({
      outcome: 'internal_error',
      failed_service: 'audit',
    })
    expect(world.model.asked).toEqual([])
  })

  test('a client that leaves during the checks leaves no record', async () => {
    const world = createWorld({ script: [] })
    const stop = world.running.begin()
    stop.now('client_cancelled')
    await expect(world.chat(chatRequest(), world.audience, stop)).rejects.toMatchObject({
      reason: 'CANCELLED',
    })
    expect(world.evidence.records).toEqual([])
  })
})

describe('ends other than success', () => {
  const abortedBy = async (world: ReturnType<typeof createWorld>, request = chatRequest()) => {
    const stop = world.running.begin()
    const result = await world.chat(request, world.audience, stop)
    return { result, end: world.evidence.endsOf(request.requestId)[0] }
  }

  test('a client that leaves before the first token cancels the model and is recorded', async () => {
    const world = createWorld({ script: [{ kind: 'hang' }] })
    const stop = world.running.begin()
    world.model.onStep = () => setTimeout(() => stop.now('client_cancelled'), 1)
    const request = chatRequest()
    await world.chat(request, world.audience, stop)
    expect(world.model.cancelled).toBe(1)
    const [end] = world.evidence.endsOf(request.requestId)
    expect(end).toMatchObject({ type: 'chat.aborted', attrs: { outcome: 'client_cancelled' } })
    expect(end?.attrs).not.toHaveProperty('first_token_ms')
    expect(end?.content).toEqual([])
  })

  test('a client that leaves in the middle leaves the text it was given in the record', async () => {
    const world = createWorld({ script: [delta('Within '), delta('two'), { kind: 'hang' }] })
    const stop = world.running.begin()
    world.model.onStep = (index) => {
      if (index === 2) setTimeout(() => stop.now('client_cancelled'), 1)
    }
    const request = chatRequest()
    const result = await world.chat(request, world.audience, stop)
    expect(result).toMatchObject({ kind: 'failed', outcome: 'client_cancelled' })
    const [end] = world.evidence.endsOf(request.requestId)
    expect(end?.content).toEqual([{ field: 'response', value: 'Within two' }])
    expect(end?.attrs).toMatchObject({
      tokens_out: 3,
      first_token_ms: expect.any(Number) as unknown,
    })
  })

  test('a client that leaves after the model finished is a completed chat that was not delivered', async () => {
    let leave: () => void = () => undefined
    const output = async () => {
      leave()
      return GOOD_ANSWER
    }
    const world = createWorld({ output })
    const stop = world.running.begin()
    leave = () => stop.now('client_cancelled')
    const request = chatRequest()
    await world.chat(request, world.audience, stop)
    expect(world.evidence.endsOf(request.requestId)[0]?.attrs).toMatchObject({
      outcome: 'completed',
      delivered: false,
    })
  })

  test.each([
    ['cut without an end', [delta('Within')]],
    [
      'failing',
      [delta('Within'), { kind: 'throw' as const, error: new AppError('UPSTREAM_ERROR', 'gone') }],
    ],
    [
      'out of quota',
      [{ kind: 'throw' as const, error: new AppError('RATE_LIMITED', 'slow down') }],
    ],
  ])(
    'a provider that is %s is an upstream error, to the client as a 502',
    async (_what, script) => {
      const { result, end } = await abortedBy(createWorld({ script }))
      expect(result).toMatchObject({ kind: 'failed', error: { reason: 'UPSTREAM_ERROR' } })
      expect(end).toMatchObject({ type: 'chat.aborted', attrs: { outcome: 'upstream_error' } })
      expect(result.receipt).toMatchObject({ outcome: 'upstream_error' })
    },
  )

  test('a provider that keeps quiet is a timeout', async () => {
    const error = new AppError('TIMEOUT', 'the provider sent nothing for 30 s')
    const script = [delta('a'), { kind: 'throw' as const, error }]
    const { result, end } = await abortedBy(createWorld({ script }))
    expect(result).toMatchObject({ kind: 'failed', error: { reason: 'TIMEOUT' } })
    expect(end?.attrs).toMatchObject({ outcome: 'timeout' })
  })

  test('a model service that is killed is an internal error that names it', async () => {
    const error = new AppError('UNAVAILABLE', 'the llm service did not answer')
    const { result, end } = await abortedBy(
      createWorld({ script: [delta('a'), { kind: 'throw', error }] }),
    )
    expect(result).toMatchObject({ kind: 'failed', error: { reason: 'UNAVAILABLE' } })
    expect(end?.attrs).toMatchObject({ outcome: 'internal_error', failed_service: 'llm' })
  })

  test('an answer that takes too long is cut and recorded by the promised time', async () => {
    const world = createWorld({ script: [delta('a'), { kind: 'hang' }], settings: { maxMs: 60 } })
    const { result, end } = await abortedBy(world)
    expect(result).toMatchObject({
      kind: 'failed',
      outcome: 'timeout',
      error: { reason: 'TIMEOUT' },
    })
    const endsBy = String(world.evidence.records[0]?.attrs['ends_by'])
    expect(String(end?.occurredAt) <= endsBy).toBe(true)
    expect(world.model.cancelled).toBe(1)
  })

  test('a shutdown ends what runs and lets nothing new begin', async () => {
    const world = createWorld({ script: [delta('a'), { kind: 'hang' }] })
    world.model.onStep = (index) => {
      if (index === 1) setTimeout(() => world.running.stopAll(), 1)
    }
    const { result, end } = await abortedBy(world)
    expect(result).toMatchObject({ outcome: 'shutdown', error: { reason: 'UNAVAILABLE' } })
    expect(end?.attrs).toMatchObject({ outcome: 'shutdown' })
    expect(() => world.running.begin()).toThrow(expect.objectContaining({ reason: 'UNAVAILABLE' }))
  })

  test('a model that never stops is cut before it fills the memory', async () => {
    const page = 'x'.repeat(300_000)
    const script = [delta(page), delta(page), delta(page), delta(page), FINISHED]
    const { result, end } = await abortedBy(createWorld({ script }))
    expect(result).toMatchObject({ outcome: 'upstream_error' })
    expect(end?.content[0]?.value).toHaveLength(900_000)
  })

  test('a client that reads nothing cannot outlive the time limit', async () => {
    const world = createWorld({ settings: { maxMs: 50 } })
    world.audience.wait = async () => new Promise(() => undefined)
    const { result } = await abortedBy(world)
    expect(result).toMatchObject({ outcome: 'timeout' })
  })

  test('the next piece is asked for only when the client wants more', async () => {
    const world = createWorld()
    const steps: string[] = []
    world.model.onStep = (index) => steps.push(`step ${index}`)
    world.audience.wait = async () => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      steps.push('ready')
    }
    await world.chat(chatRequest(), world.audience, world.running.begin())
    expect(steps).toEqual(['step 0', 'ready', 'step 1', 'ready', 'step 2', 'step 3'])
  })
})

describe('the check of the answer', () => {
  const holding = async () => ({ ...ALLOWED, mustHoldOutput: true })

  test.each([true, false])(
    'a held answer that is blocked never reaches the client (stream: %s)',
    async (isStream) => {
      const world = createWorld({ input: holding, output: async () => BLOCKED_ANSWER })
      const request = chatRequest({ isStream })
      const result = await world.chat(request, world.audience, world.running.begin())
      expect(result).toMatchObject({ kind: 'blocked', stage: 'output', reasons: ['bias:slur'] })
      expect(world.audience.events).toEqual(['open'])
      expect(world.evidence.endsOf(request.requestId)).toEqual([
        expect.objectContaining({
          type: 'chat.blocked',
          attrs: expect.objectContaining({
            stage: 'output',
            rules: ['bias.slur'],
            tokens_out: 3,
          }) as unknown,
          content: [{ field: 'response', value: 'Within two days [1].' }],
        }),
      ])
    },
  )

  test('a held answer that is allowed comes in one piece after the verdict', async () => {
    const seen: string[] = []
    const world = createWorld({
      input: holding,
      output: async () => {
        seen.push(...world.audience.events)
        return GOOD_ANSWER
      },
    })
    await world.chat(chatRequest(), world.audience, world.running.begin())
    expect(seen).toEqual(['open'])
    expect(world.audience.events).toEqual(['open', 'deliver'])
    expect(world.audience.text).toBe('Within two days [1].')
  })

  test('a held answer is not given when nobody can check it', async () => {
    const world = createWorld({ input: holding, output: down })
    const request = chatRequest()
    const result = await world.chat(request, world.audience, world.running.begin())
    expect(result).toMatchObject({ kind: 'failed', error: { reason: 'UNAVAILABLE' } })
    expect(world.audience.text).toBe('')
    expect(world.evidence.endsOf(request.requestId)[0]?.attrs).toMatchObject({
      outcome: 'internal_error',
      failed_service: 'compliance',
    })
  })

  test('an answer that is out already is marked as unchecked', async () => {
    const world = createWorld({ output: down })
    const request = chatRequest()
    const result = await world.chat(request, world.audience, world.running.begin())
    expect(result).toMatchObject({ kind: 'completed', signal: { reasons: ['checks_unavailable'] } })
    expect(world.evidence.endsOf(request.requestId)[0]?.attrs).toMatchObject({
      outcome: 'completed',
      checks_failed: ['bias', 'confidence', 'grounding', 'pii'],
      signal: true,
    })
  })
})

describe('recording the end', () => {
  test('is tried until the audit service is back, with one record at the end', async () => {
    const world = createWorld()
    world.evidence.fates.end.push('unreachable', 'reply lost', 'unreachable')
    const request = chatRequest()
    const result = await world.chat(request, world.audience, world.running.begin())
    expect(result).toMatchObject({ kind: 'completed', receipt: { outcome: 'completed' } })
    expect(world.evidence.endsOf(request.requestId)).toHaveLength(1)
  })

  test('goes on after the client was told that there is no receipt yet', async () => {
    const world = createWorld({ settings: { receiptWaitMs: 5, firstRetryMs: 20, maxRetryMs: 20 } })
    world.evidence.fates.end.push('unreachable')
    const request = chatRequest()
    const stop = world.running.begin()
    const result = await world.chat(request, world.audience, stop)
    world.running.end(stop)
    expect(result).toMatchObject({
      kind: 'failed',
      error: { reason: 'UNAVAILABLE' },
      receipt: undefined,
    })
    expect(world.evidence.endsOf(request.requestId)).toEqual([])
    await world.running.settled(1_000)
    expect(world.evidence.endsOf(request.requestId)[0]?.attrs).toMatchObject({
      outcome: 'completed',
      delivered: true,
    })
  })

  test('says that a whole answer was not delivered when it was withheld for want of a receipt', async () => {
    const world = createWorld({ settings: { receiptWaitMs: 5, firstRetryMs: 20, maxRetryMs: 20 } })
    world.evidence.fates.end.push('unreachable')
    const request = chatRequest({ isStream: false })
    const stop = world.running.begin()
    await world.chat(request, world.audience, stop)
    world.running.end(stop)
    await world.running.settled(1_000)
    expect(world.evidence.endsOf(request.requestId)[0]?.attrs).toMatchObject({
      outcome: 'completed',
      delivered: false,
    })
  })

  test('falls back to a bare end when the audit service refuses the first', async () => {
    const world = createWorld()
    world.evidence.fates.end.push('invalid')
    const request = chatRequest()
    await world.chat(request, world.audience, world.running.begin())
    expect(world.evidence.endsOf(request.requestId)).toEqual([
      expect.objectContaining({
        type: 'chat.aborted',
        attrs: expect.objectContaining({
          outcome: 'internal_error',
          failed_service: 'audit',
        }) as unknown,
        content: [],
      }),
    ])
  })

  test('stops when somebody else ended the chat', async () => {
    const world = createWorld()
    const request = chatRequest()
    world.model.onAsk = () => {
      // The audit service took the gateway for dead.
      void world.evidence.append(
        {
          id: 'lost-1',
          type: 'chat.aborted',
          occurredAt: '',
          ref: request.requestId,
          trace: '',
          attrs: { outcome: 'lost' },
          content: [],
        },
        { principal: request.principal, traceparent: '' },
      )
    }
    const result = await world.chat(request, world.audience, world.running.begin())
    expect(result).toMatchObject({ kind: 'failed', receipt: undefined })
    expect(world.evidence.endsOf(request.requestId)).toHaveLength(1)
  })

  test('usage that came before a failure is in the record', async () => {
    const world = createWorld({ script: [delta('a'), USAGE] })
    const request = chatRequest()
    await world.chat(request, world.audience, world.running.begin())
    expect(world.evidence.endsOf(request.requestId)[0]?.attrs).toMatchObject({
      tokens_in: 7,
      tokens_out: 3,
    })
  })
})

describe('a source with an instruction to the model in it', () => {
  const second = { ...PASSAGE, n: 2, chunkId: 'c-2' }
  const found = async () => ({
    passages: [PASSAGE, second],
    retrieval: 'sparse' as const,
    isDegraded: false,
  })
  const verdict = (isWithheld: boolean) => async () => [
    { n: 1, reasons: ['injection:instruction_override'], isWithheld },
  ]

  test('is flagged for people and in the record, and stays while the policy only monitors', async () => {
    const world = createWorld({ search: found, sources: verdict(false) })
    const result = await world.chat(chatRequest(), world.audience, world.running.begin())
    expect(result.opening.sources).toEqual([
      { ...PASSAGE, flags: ['injection:instruction_override'] },
      second,
    ])
    expect(world.evidence.records[0]?.attrs).toMatchObject({
      rules: ['pii.email', 'source:injection:instruction_override'],
    })
    expect(world.model.asked[0]?.passages).toHaveLength(2)
  })

  test('never reaches the model when the policy withholds it, and citations count the others', async () => {
    const world = createWorld({ search: found, sources: verdict(true) })
    const result = await world.chat(chatRequest(), world.audience, world.running.begin())
    expect(result.opening).toMatchObject({ isDegraded: true, sources: [{ n: 1, chunkId: 'c-2' }] })
    expect(world.model.asked[0]?.passages).toEqual([{ ...second, n: 1 }])
    expect(world.evidence.records[0]?.attrs).toMatchObject({
      sources: [expect.objectContaining({ chunk: 'c-2' })],
    })
  })

  test('that cannot be looked for refuses the request before anything is recorded or sent', async () => {
    const world = createWorld({ search: found, sources: down })
    await expect(
      world.chat(chatRequest(), world.audience, world.running.begin()),
    ).rejects.toMatchObject({ reason: 'UNAVAILABLE' })
    expect(world.evidence.records).toEqual([])
    expect(world.model.asked).toEqual([])
  })
})
