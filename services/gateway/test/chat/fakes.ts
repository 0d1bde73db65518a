import { createHash } from 'node:crypto'
import { AppError, systemClock, uuidv7 } from '@lexcustis/core'
import type { Chat, ChatPorts } from '../../src/domain/chat/chat.js'
import { createChat } from '../../src/domain/chat/chat.js'
import type {
  Audience,
  Checks,
  Evidence,
  Found,
  Hop,
  InputVerdict,
  Model,
  ModelEvent,
  NewRecord,
  Opening,
  OutputVerdict,
  SourceVerdict,
  Question,
  ResolvedProvider,
  Sealed,
} from '../../src/domain/chat/ports.js'
import { type ChatRequest, NO_OPTIONS, type Passage } from '../../src/domain/chat/request.js'
import { RunningChats } from '../../src/domain/chat/running-chats.js'
import type { ChatSettings } from '../../src/domain/chat/settings.js'
import { userPrincipal } from '../../src/domain/principal.js'

export const PRINCIPAL = userPrincipal({
  id: '0190b5a0-0000-7000-8000-000000000001',
  organizationId: '0190b5a0-0000-4000-8000-0000000000aa',
  role: 'member',
})

export const PASSAGE: Passage = {
  n: 1,
  documentId: '0190b5a0-0000-7000-8000-00000000d0c1',
  chunkId: 'c-1',
  version: 1,
  title: 'AI Act',
  headingPath: ['Article 73'],
  text: 'Not later than two days after the provider becomes aware.',
  scoreE4: 10_000,
}

export const FOUND: Found = { passages: [PASSAGE], retrieval: 'sparse', isDegraded: false }

const NOTHING = { pii: {}, rules: [], bias: [] }

export const ALLOWED: InputVerdict = {
  isBlocked: false,
  reasons: [],
  findings: { pii: { email: 1 }, rules: ['pii.email'], bias: [] },
  injectionE4: 120,
  policyVersion: 'default-1',
  mustHoldOutput: false,
}

export const BLOCKED_INPUT: InputVerdict = {
  ...ALLOWED,
  isBlocked: true,
  reasons: ['pii:iban'],
  findings: { ...NOTHING, pii: { iban: 1 }, rules: ['pii.iban'] },
}

export const GOOD_ANSWER: OutputVerdict = {
  isBlocked: false,
  reasons: [],
  findings: NOTHING,
  confidenceE4: 9_000,
  groundingE4: 8_000,
  signalReasons: [],
  checksFailed: [],
}

export const BLOCKED_ANSWER: OutputVerdict = {
  ...GOOD_ANSWER,
  isBlocked: true,
  reasons: ['bias:slur'],
  findings: { ...NOTHING, rules: ['bias.slur'], bias: ['slur'] },
}

export function chatRequest(overrides: Partial<ChatRequest> = {}): ChatRequest {
  return {
    requestId: uuidv7(),
    principal: PRINCIPAL,
    endpoint: '/api/v1/chat',
    isStream: true,
    messages: [{ role: 'user', content: 'Which events must be reported within two days?' }],
    usesRetrieval: true,
    documentIds: [],
    sampling: {},
    options: NO_OPTIONS,
    traceparent: `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`,
    ...overrides,
  }
}

/** What the audit service does with one append. */
export type AppendFate = 'seal' | 'unreachable' | 'reply lost' | 'invalid'

const END_TYPES: readonly string[] = ['chat.completed', 'chat.blocked', 'chat.aborted']

/** A log that behaves as the audit service does: idempotent ids, one end per start, lost replies. */
export class MemoryEvidence implements Evidence {
  readonly records: NewRecord[] = []
  readonly #sealed = new Map<string, Sealed>()
  /** Fates of the next appends, per kind; an empty list seals. */
  readonly fates: { start: AppendFate[]; end: AppendFate[] } = { start: [], end: [] }

  async append(record: NewRecord, _hop: Hop): Promise<Sealed> {
    await Promise.resolve()
    const isStart = record.type === 'chat.started' || record.ref === undefined
    const fate = this.fates[isStart ? 'start' : 'end'].shift() ?? 'seal'
    if (fate === 'unreachable')
      throw new AppError('UNAVAILABLE', 'the audit service did not answer')
    if (fate === 'invalid') throw new AppError('INVALID_INPUT', 'attrs do not fit')
    const sealed = this.#seal(record)
    if (fate === 'reply lost') throw new AppError('TIMEOUT', 'the deadline passed')
    return sealed
  }

  async find(id: string, _hop: Hop): Promise<Sealed | undefined> {
    await Promise.resolve()
    return this.#sealed.get(id)
  }

  ofType(type: NewRecord['type']): NewRecord[] {
    return this.records.filter((record) => record.type === type)
  }

  endsOf(id: string): NewRecord[] {
    return this.records.filter((record) => record.ref === id && END_TYPES.includes(record.type))
  }

  has(id: string): boolean {
    return this.#sealed.has(id)
  }

  #seal(record: NewRecord): Sealed {
    const known = this.#sealed.get(record.id)
    if (known) {
      const first = this.records.find(({ id }) => id === record.id)
      if (JSON.stringify(first) !== JSON.stringify(record))
        throw new AppError('CONFLICT', 'other payload')
      return known
    }
    if (record.ref !== undefined && this.endsOf(record.ref).length > 0) {
      throw new AppError('CONFLICT', 'this start has an end')
    }
    const sealed = {
      entryId: record.id,
      sequence: BigInt(this.records.length),
      entryHash: createHash('sha256').update(JSON.stringify(record)).digest('hex'),
      checkpointSize: 0n,
    }
    this.records.push(record)
    this.#sealed.set(record.id, sealed)
    return sealed
  }
}

/** One step of a model's stream; `hang` waits for the cancellation. */
export type ModelStep =
  ModelEvent | { readonly kind: 'throw'; readonly error: AppError } | { readonly kind: 'hang' }

export const delta = (text: string): ModelEvent => ({ kind: 'delta', text })
export const FINISHED: ModelEvent = { kind: 'finished', reason: 'stop', modelSnapshot: 'm-2026' }
export const USAGE: ModelEvent = {
  kind: 'usage',
  usage: { tokensIn: 7, tokensOut: 3, isEstimated: false },
}

export class ScriptedModel implements Model {
  readonly asked: Question[] = []
  cancelled = 0
  /** Called when text would leave for a provider. */
  onAsk: (question: Question) => void = () => undefined
  onStep: (index: number) => void = () => undefined

  constructor(
    public script: readonly ModelStep[],
    readonly resolveError?: AppError,
  ) {}

  fallbackRegions: readonly string[] = []

  async resolve(): Promise<ResolvedProvider> {
    if (this.resolveError) throw this.resolveError
    const models = ['small', 'large']
    const { fallbackRegions } = this
    return { provider: 'mistral', model: 'small', region: 'eu', models, fallbackRegions }
  }

  async *stream(question: Question, { signal }: Hop): AsyncGenerator<ModelEvent> {
    this.asked.push(question)
    const cancelled = new Promise<never>((_resolve, reject) => {
      signal?.addEventListener('abort', () => {
        this.cancelled += 1
        reject(new AppError('CANCELLED', 'the llm service did not answer'))
      })
    })
    cancelled.catch(() => undefined)
    this.onAsk(question)
    for (const [index, step] of this.script.entries()) {
      this.onStep(index)
      await Promise.race([Promise.resolve(), cancelled])
      if (signal?.aborted) await cancelled
      if (step.kind === 'throw') throw step.error
      if (step.kind === 'hang') await cancelled
      else yield step
    }
  }
}

/** Writes down what a client would see. */
export class RecordingAudience implements Audience {
  readonly events: string[] = []
  text = ''
  opening: Opening | undefined
  /** What `deliver` answers. */
  wait: () => Promise<void> | undefined = () => undefined

  open(opening: Opening): void {
    this.events.push('open')
    this.opening = opening
  }

  deliver(text: string): Promise<void> | undefined {
    this.events.push('deliver')
    this.text += text
    return this.wait()
  }
}

export const QUICK: ChatSettings = {
  maxMs: 2_000,
  codeVersion: '0.1.0',
  receiptWaitMs: 200,
  keepTryingMs: 2_000,
  firstRetryMs: 1,
  maxRetryMs: 4,
  lookAgainMs: [1, 1, 1, 1, 1],
}

export interface World {
  readonly chat: Chat
  readonly evidence: MemoryEvidence
  readonly model: ScriptedModel
  readonly running: RunningChats
  readonly audience: RecordingAudience
  readonly budget: { taken: number; released: number }
  readonly outcomes: string[]
}

/** A chat over fakes; what is not given succeeds. */
export function createWorld(
  given: {
    readonly script?: readonly ModelStep[]
    readonly resolveError?: AppError
    readonly input?: Checks['checkInput']
    readonly output?: Checks['checkAnswer']
    readonly sources?: () => Promise<readonly SourceVerdict[]>
    readonly search?: () => Promise<Found>
    readonly admit?: () => Promise<void>
    readonly settings?: Partial<ChatSettings>
  } = {},
): World {
  const evidence = new MemoryEvidence()
  const model = new ScriptedModel(
    given.script ?? [delta('Within '), delta('two days [1].'), USAGE, FINISHED],
    given.resolveError,
  )
  const running = new RunningChats()
  const budget = { taken: 0, released: 0 }
  const outcomes: string[] = []
  const checks: Checks = {
    checkInput: given.input ?? (async () => ALLOWED),
    checkSources: given.sources ?? (async () => []),
    checkAnswer: given.output ?? (async () => GOOD_ANSWER),
  }
  const ports: ChatPorts = {
    admission: {
      admit: async () => {
        await given.admit?.()
        budget.taken += 1
        return { release: async () => void (budget.released += 1) }
      },
    },
    checks,
    search: { search: given.search ?? (async () => FOUND) },
    model,
    evidence,
    events: {
      ended: ({ outcome }) => void outcomes.push(outcome),
      endDelayed: () => undefined,
      endGivenUp: () => undefined,
    },
    clock: systemClock,
    running,
  }
  const chat = createChat(ports, { ...QUICK, ...given.settings })
  return { chat, evidence, model, running, audience: new RecordingAudience(), budget, outcomes }
}
