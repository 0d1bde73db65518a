import {
  ConfigError,
  type ConfigProblem,
  type Environment,
  integer,
  list,
  optionalSecretFile,
  optionalText,
  type Profile,
  readEnvironment,
  readProfile,
  type ServiceConfig,
  serviceShape,
  toServiceConfig,
} from '@lexcustis/runtime'
import { z } from 'zod'
import type { AnswerLimits } from './adapters/providers/streaming-completer.js'
import {
  isKind,
  KINDS,
  type KindName,
  kindOf,
  problemOfBaseUrl,
  type Provider,
  refusalOf,
} from './domain/provider.js'
import { PriceTable } from './domain/price-table.js'

export interface LlmConfig extends ServiceConfig {
  /** Absent: a local Ollama if it answers, else quotations. */
  readonly provider: Provider | undefined
  /** Where a local Ollama would answer; ends in /v1. */
  readonly ollamaUrl: string
  readonly limits: AnswerLimits
  readonly connectTimeoutMs: number
  /** Absent: the table that ships. */
  readonly prices: PriceTable | undefined
  readonly allowedPrivateHosts: readonly string[]
  readonly isLoopbackAllowed: boolean
  /** 32 bytes; absent: organisations cannot store API keys. */
  readonly sealingKey: Buffer | undefined
  /** Those before it: they open what was sealed with them, until it is sealed anew. */
  readonly previousSealingKeys: readonly Buffer[]
}

const MAX_TIMEOUT_MS = 3_600_000
const SEALING_KEY_BYTES = 32

function kindName(): z.ZodType<KindName | undefined, string | undefined> {
  return z
    .string()
    .transform((name, context) => {
      if (isKind(name)) return name
      context.addIssue({ code: 'custom', message: refusalOf() })
      return z.NEVER
    })
    .optional()
    .describe(`one of ${Object.keys(KINDS).sort().join(', ')}, or leave it out`)
}

function readKey(text: string): Buffer | undefined {
  const key = Buffer.from(text, 'base64')
  return key.length === SEALING_KEY_BYTES ? key : undefined
}

const NOT_A_KEY = `does not hold ${SEALING_KEY_BYTES} bytes in base64`

function sealingKey(): z.ZodType<Buffer | undefined, string | undefined> {
  return optionalSecretFile()
    .transform((text, context) => {
      const key = text === undefined ? undefined : readKey(text)
      if (text === undefined || key) return key
      context.addIssue({ code: 'custom', message: NOT_A_KEY })
      return z.NEVER
    })
    .describe('the path of a file made with: openssl rand -base64 32')
}

function previousSealingKeys(): z.ZodType<readonly Buffer[], string | undefined> {
  return optionalSecretFile()
    .transform((text = '', context) => {
      const lines = text.split('\n').filter((line) => line.trim() !== '')
      const keys = lines.flatMap((line) => readKey(line) ?? [])
      if (keys.length === lines.length) return keys
      context.addIssue({ code: 'custom', message: `has a line that ${NOT_A_KEY}` })
      return z.NEVER
    })
    .describe('the path of a file with one former sealing key a line')
}

function priceTable(): z.ZodType<PriceTable | undefined, string | undefined> {
  return optionalSecretFile()
    .transform((text, context) => {
      try {
        return text === undefined ? undefined : PriceTable.parse(JSON.parse(text))
      } catch (error) {
        context.addIssue({ code: 'custom', message: `is no price table: ${firstProblem(error)}` })
        return z.NEVER
      }
    })
    .describe('the path of a file like services/llm/data/prices.json')
}

/** Where it is wrong, and how; nothing of what the file holds. */
function firstProblem(error: unknown): string {
  const issue = error instanceof z.ZodError ? error.issues[0] : undefined
  return issue ? `/${issue.path.join('/')}: ${issue.message}` : 'it is not JSON'
}

/** Versions before this one lack fields that we send. */
const OLDEST_API_VERSION = '2024-10-21'

function apiVersion(): z.ZodType<string | undefined, string | undefined> {
  return z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}(-preview)?$/, 'is no date')
    .refine((version) => version >= OLDEST_API_VERSION, 'is too old')
    .optional()
    .describe(`a date from ${OLDEST_API_VERSION}, or leave it out for the v1 API`)
}

function contextTokens(): z.ZodType<number | undefined, string | undefined> {
  return z
    .string()
    .regex(/^[1-9]\d{3,7}$/, 'is no number from 1000 to 99999999')
    .transform(Number)
    .optional()
    .describe('how many tokens the model holds, question and answer together')
}

const SHAPE = {
  ...serviceShape({ grpcPort: 50_054, metricsPort: 9_054 }),
  PROVIDER: kindName(),
  BASE_URL: optionalText(),
  MODEL: optionalText(),
  REGION: optionalText(),
  API_KEY_FILE: optionalSecretFile(),
  API_VERSION: apiVersion(),
  CONTEXT_TOKENS: contextTokens(),
  FIRST_TOKEN_TIMEOUT_MS: integer({ min: 1, max: MAX_TIMEOUT_MS, default: 60_000 }),
  IDLE_TIMEOUT_MS: integer({ min: 1, max: MAX_TIMEOUT_MS, default: 30_000 }),
  CONNECT_TIMEOUT_MS: integer({ min: 1, max: MAX_TIMEOUT_MS, default: 5_000 }),
  TOTAL_TIMEOUT_MS: integer({ min: 1, max: MAX_TIMEOUT_MS, default: 600_000 }),
  ANSWER_MAX_CHARS: integer({ min: 1, max: 100_000_000, default: 1_000_000 }),
  PRICE_TABLE_FILE: priceTable(),
  ALLOWED_PRIVATE_HOSTS: list([]),
  SEALING_KEY_FILE: sealingKey(),
  SEALING_KEY_PREVIOUS_FILE: previousSealingKeys(),
}

type Parsed = ReturnType<typeof parse>

function parse(env: Environment) {
  return readEnvironment('LLM_', env, SHAPE)
}

/** Reads `LLM_*` and `OLLAMA_HOST`; throws ConfigError with every problem. */
export function readConfig(env: Environment): LlmConfig {
  const parsed = parse(env)
  const problems: ConfigProblem[] = []
  const config = {
    ...toServiceConfig(parsed),
    provider: readProvider(parsed, readProfile(env), problems),
    ollamaUrl: readOllamaUrl(env['OLLAMA_HOST']),
    limits: {
      firstTokenMs: parsed.FIRST_TOKEN_TIMEOUT_MS,
      idleMs: parsed.IDLE_TIMEOUT_MS,
      totalMs: parsed.TOTAL_TIMEOUT_MS,
      maxChars: parsed.ANSWER_MAX_CHARS,
    },
    connectTimeoutMs: parsed.CONNECT_TIMEOUT_MS,
    prices: parsed.PRICE_TABLE_FILE,
    allowedPrivateHosts: parsed.ALLOWED_PRIVATE_HOSTS,
    isLoopbackAllowed: readProfile(env) === 'embedded',
    sealingKey: parsed.SEALING_KEY_FILE,
    previousSealingKeys: parsed.SEALING_KEY_PREVIOUS_FILE,
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return config
}

/** A base URL alone means an endpoint of one's own. */
function readProvider(
  parsed: Parsed,
  profile: Profile,
  problems: ConfigProblem[],
): Provider | undefined {
  const name = parsed.PROVIDER ?? (parsed.BASE_URL === undefined ? undefined : 'openai-compatible')
  if (name === undefined) {
    problems.push(...withoutProvider(parsed))
    if (profile === 'production') problems.push(NO_FALLBACK)
    return undefined
  }
  return toProvider(name, parsed, problems)
}

const NO_FALLBACK: ConfigProblem = {
  name: 'LLM_PROVIDER',
  problem: 'is not set, and in production nothing stands in for a provider',
  fix: `name one of ${Object.keys(KINDS).sort().join(', ')}`,
}

/** Settings of a provider that nobody named would silently mean nothing. */
function withoutProvider(parsed: Parsed): ConfigProblem[] {
  return (['MODEL', 'API_KEY_FILE', 'REGION', 'API_VERSION', 'CONTEXT_TOKENS'] as const)
    .filter((name) => parsed[name] !== undefined)
    .map((name) => ({
      name: `LLM_${name}`,
      problem: 'is set, but no provider is',
      fix: 'set LLM_PROVIDER or LLM_BASE_URL too, or remove it',
    }))
}

function toProvider(kind: KindName, parsed: Parsed, problems: ConfigProblem[]): Provider {
  const preset = kindOf(kind)
  const { MODEL: model = preset.model ?? '', BASE_URL: baseUrl = preset.baseUrl ?? '' } = parsed
  const { API_KEY_FILE: apiKey, API_VERSION: apiVersion, CONTEXT_TOKENS: contextTokens } = parsed
  problems.push(...problemsOf(kind, { model, baseUrl, apiKey, apiVersion }))
  const provider = { kind, model, models: [model], region: parsed.REGION ?? preset.region }
  if (kind === 'extractive') return provider
  const version = apiVersion === undefined ? {} : { apiVersion }
  const endpoint = { baseUrl, apiKey, ...version, isGuarded: false }
  return { ...provider, endpoint, ...(contextTokens === undefined ? {} : { contextTokens }) }
}

interface Given {
  readonly model: string
  readonly baseUrl: string
  readonly apiKey: string | undefined
  readonly apiVersion: string | undefined
}

function problemsOf(kind: KindName, given: Given): ConfigProblem[] {
  const { model, baseUrl, apiKey, apiVersion } = given
  const problems: ConfigProblem[] = []
  const missing = (name: string, fix: string) => problems.push({ name, problem: 'is not set', fix })
  if (!model) missing('LLM_MODEL', `give the model that ${kind} shall answer with`)
  if (kindOf(kind).needsApiKey && apiKey === undefined) {
    missing('LLM_API_KEY_FILE', `give the path of a file with the API key of ${kind}`)
  }
  if (!baseUrl && kindOf(kind).needsBaseUrl) {
    missing('LLM_BASE_URL', 'give the base URL of the endpoint, for example https://host/v1')
  }
  if (apiVersion !== undefined && kind !== 'azure-openai') {
    const problem = 'is set, but only azure-openai has versions'
    problems.push({ name: 'LLM_API_VERSION', problem, fix: 'remove it' })
  }
  return baseUrl ? [...problems, ...problemsOfUrl(kind, baseUrl)] : problems
}

function problemsOfUrl(kind: KindName, baseUrl: string): ConfigProblem[] {
  const isUrl = isHttpUrl(baseUrl)
  const fix = isUrl
    ? problemOfBaseUrl(kind, baseUrl)
    : 'give a URL that begins with https:// or http:// and has no query'
  return fix === undefined ? [] : [{ name: 'LLM_BASE_URL', problem: 'cannot be used', fix }]
}

function isHttpUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, search, hash } = new URL(text)
  return /^https?:$/.test(protocol) && !search && !hash
}

/** Ollama's own variable: a host, with or without scheme and port; 0.0.0.0 is where it listens. */
function readOllamaUrl(host: string | undefined): string {
  const fallback = 'http://127.0.0.1:11434'
  const text = host?.trim() ?? ''
  const address = text.includes('://') ? text : `http://${text}`
  const url = new URL(text && URL.canParse(address) ? address : fallback)
  if (url.hostname === '0.0.0.0') url.hostname = '127.0.0.1'
  if (!url.port && !text.includes('://')) url.port = '11434'
  return `${url.origin}/v1`
}
