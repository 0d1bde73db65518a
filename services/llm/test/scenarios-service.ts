import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { AppError, uuidv7 } from '@lexcustis/core'
import {
  ChatDefinition,
  Role,
  type StreamChatRequest,
  type StreamChatResponse,
} from '@lexcustis/proto/llm'
import { createRpcClient } from '@lexcustis/rpc'
import { createLogger, type Open, openParts } from '@lexcustis/runtime'
import {
  createTestCertificates,
  createTestTenantKeys,
  type ScriptedProvider,
  startScriptedProvider,
  startTestPostgres,
  type TestCertificates,
} from '@lexcustis/testing'
import { type LlmConfig, readConfig } from '../src/config.js'
import { startLlm } from '../src/service.js'

/** What one call of StreamChat gave, from outside. */
export interface Outcome {
  readonly events: readonly Event[]
  readonly text: string
  readonly error: AppError | undefined
}

export type Event = NonNullable<StreamChatResponse['event']>

export interface AskOptions {
  readonly request?: Partial<StreamChatRequest>
  readonly signal?: AbortSignal
  /** Awaited before the next event is read. */
  readonly onEvent?: (event: Event, count: number) => unknown
}

/** How patient the service is with the provider. */
export interface Timeouts {
  readonly firstTokenMs: number
  readonly idleMs: number
}

export interface ScenarioService extends AsyncDisposable {
  readonly provider: ScriptedProvider
  /** Asks on behalf of an organisation that nobody knows yet. */
  ask(options?: AskOptions): Promise<Outcome>
  /** Completions that the service has counted, by how they ended. */
  ends(): Promise<Readonly<Record<string, number>>>
  /** Stops the service and leaves the provider. */
  stop(): Promise<void>
}

const CALL_MS = 25_000

/** The service with its real parts and configuration, and a scripted provider behind it. */
export async function startScenarioService(timeouts: Timeouts): Promise<ScenarioService> {
  return openParts(async (open) => build(open, timeouts))
}

async function build(open: Open, timeouts: Timeouts) {
  const provider = open(await startScriptedProvider())
  const postgres = open(await startTestPostgres())
  await postgres.migrate('llm', join(import.meta.dirname, '../migrations'))
  const keys = await createTestTenantKeys()
  const certificates = await createTestCertificates(['llm', 'gateway'])
  const config = await configOf({
    provider: provider.url,
    database: postgres.url('lexcustis_llm'),
    keys: JSON.stringify(keys.jwks),
    certificates,
    timeouts,
  })
  const llm = await startLlm(config, createLogger({ service: 'llm', level: 'silent' }))
  const chat = createRpcClient(ChatDefinition, {
    address: `127.0.0.1:${llm.port}`,
    peer: 'llm',
    tls: certificates.identity('gateway'),
  })
  let isStopped = false
  const stop = async () => {
    if (isStopped) return
    isStopped = true
    chat[Symbol.dispose]()
    await llm[Symbol.asyncDispose]()
  }
  open({ [Symbol.asyncDispose]: stop })
  return {
    provider,
    stop,
    ask: async ({ request, signal, onEvent }: AskOptions = {}) => {
      const tenantToken = await keys.sign(newTenant(), 'llm')
      const deadline = new Date(Date.now() + CALL_MS)
      const stream = chat.streamChat(requestOf(request), { tenantToken, deadline, signal })
      return outcomeOf(stream, onEvent)
    },
    ends: async () => endsIn(await metricsOf(llm.metricsPort)),
  }
}

interface Surroundings {
  readonly provider: string
  readonly database: string
  readonly keys: string
  readonly certificates: TestCertificates
  readonly timeouts: Timeouts
}

async function configOf(around: Surroundings): Promise<LlmConfig> {
  const folder = await mkdtemp(join(tmpdir(), 'lexcustis-llm-'))
  const file = async (name: string, text: string) => {
    await writeFile(join(folder, name), text)
    return join(folder, name)
  }
  const { ca, cert, key } = await around.certificates.write('llm', folder)
  try {
    return readConfig({
      LEXCUSTIS_PROFILE: 'embedded',
      LLM_LISTEN_HOST: '127.0.0.1',
      LLM_GRPC_PORT: '0',
      LLM_METRICS_PORT: '0',
      LLM_TLS_CA_FILE: ca,
      LLM_TLS_CERT_FILE: cert,
      LLM_TLS_KEY_FILE: key,
      LLM_TENANT_KEYS_FILE: await file('keys.json', around.keys),
      LLM_DATABASE_URL_FILE: await file('database-url', around.database),
      LLM_PROVIDER: 'openai-compatible',
      LLM_BASE_URL: around.provider,
      LLM_MODEL: 'scripted',
      LLM_FIRST_TOKEN_TIMEOUT_MS: String(around.timeouts.firstTokenMs),
      LLM_IDLE_TIMEOUT_MS: String(around.timeouts.idleMs),
      LLM_ANSWER_MAX_CHARS: '100000000',
    })
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Waits until it holds, or as long as it may take; leaves no timer behind. */
export async function until(holds: () => boolean, timeoutMs = 5_000): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!holds() && performance.now() < deadline) await setTimeout(5)
}

function newTenant() {
  const [organizationId, userId] = [uuidv7(), uuidv7()]
  return { organizationId, userId, userRole: 'admin', kind: 'user', via: 'jwt' } as const
}

function requestOf(change: Partial<StreamChatRequest> = {}): StreamChatRequest {
  return {
    provider: 'openai-compatible',
    model: 'scripted',
    messages: [{ role: Role.USER, content: 'When does it go?', toolCalls: [], toolCallId: '' }],
    sources: [],
    stop: [],
    toolsJson: '',
    toolChoiceJson: '',
    responseFormatJson: '',
    ...change,
  }
}

async function outcomeOf(
  stream: AsyncIterable<StreamChatResponse>,
  onEvent: AskOptions['onEvent'],
): Promise<Outcome> {
  const events: Event[] = []
  let error: AppError | undefined
  try {
    for await (const { event } of stream) {
      if (!event) throw new Error('an event without content')
      events.push(event)
      await onEvent?.(event, events.length)
    }
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown
    error = thrown
  }
  const text = events.map((event) => (event.$case === 'delta' ? event.value : '')).join('')
  return { events, text, error }
}

async function metricsOf(port: number): Promise<string> {
  const headers = { connection: 'close' }
  return (await fetch(`http://127.0.0.1:${port}/metrics`, { headers })).text()
}

function endsIn(metrics: string): Readonly<Record<string, number>> {
  const ends: Record<string, number> = {}
  for (const [, labels = '', value] of metrics.matchAll(
    /^lexcustis_llm_completions_total\{([^}]*)\} (\d+)$/gm,
  )) {
    const end = /end="(\w+)"/.exec(labels)?.[1] ?? 'unnamed'
    ends[end] = (ends[end] ?? 0) + Number(value)
  }
  return ends
}
