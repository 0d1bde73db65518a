/** What is known about a kind of provider before anybody configures it. */
export interface ProviderKind {
  readonly needsBaseUrl: boolean
  readonly needsApiKey: boolean
  readonly baseUrl?: string
  /** Where data goes when nobody declares anything else. */
  readonly region: string
  readonly model?: string
  /** Dialect of the OpenAI API; see the adapter. */
  readonly dialect: Dialect
}

/** Where endpoints differ that all call themselves compatible. */
export interface Dialect {
  readonly maxTokens: 'max_tokens' | 'max_completion_tokens'
  readonly seed: 'seed' | 'random_seed'
  /** Counts without being asked, and refuses to be asked. */
  readonly alwaysCounts: boolean
}

const COMMON: Dialect = { maxTokens: 'max_tokens', seed: 'seed', alwaysCounts: false }

export const EXTRACTIVE = 'extractive'

export const KINDS = {
  extractive: {
    needsBaseUrl: false,
    needsApiKey: false,
    region: 'local',
    model: EXTRACTIVE,
    dialect: COMMON,
  },
  mistral: {
    needsBaseUrl: false,
    needsApiKey: true,
    baseUrl: 'https://api.mistral.ai/v1',
    region: 'eu',
    model: 'mistral-small-latest',
    // https://docs.mistral.ai/api: unknown fields are refused, usage is in the last chunk.
    dialect: { maxTokens: 'max_tokens', seed: 'random_seed', alwaysCounts: true },
  },
  ollama: {
    needsBaseUrl: false,
    needsApiKey: false,
    baseUrl: 'http://127.0.0.1:11434/v1',
    region: 'local',
    dialect: COMMON,
  },
  openai: {
    needsBaseUrl: false,
    needsApiKey: true,
    baseUrl: 'https://api.openai.com/v1',
    region: 'us',
    // Models since o1 refuse max_tokens.
    dialect: { ...COMMON, maxTokens: 'max_completion_tokens' },
  },
  'openai-compatible': {
    needsBaseUrl: true,
    needsApiKey: false,
    region: 'unknown',
    dialect: COMMON,
  },
} as const satisfies Readonly<Record<string, ProviderKind>>

export type KindName = keyof typeof KINDS

/** Named in the contract, not spoken by this version. */
export const LATER_KINDS: readonly string[] = ['anthropic', 'azure-openai']

export function isKind(name: string): name is KindName {
  return Object.hasOwn(KINDS, name)
}

export function kindOf(name: KindName): ProviderKind {
  return KINDS[name]
}

export function refusalOf(name: string): string {
  if (LATER_KINDS.includes(name)) {
    return `${name} is not supported by this version; its OpenAI-compatible endpoint may work with openai-compatible`
  }
  return `must be one of ${Object.keys(KINDS).sort().join(', ')}`
}

/** Where requests go, and what they carry. */
export interface Endpoint {
  readonly baseUrl: string
  readonly apiKey: string | undefined
  /** Chosen by an organisation, not by the operator: it must not reach our own network. */
  readonly isGuarded: boolean
}

/** What everybody may know of a provider in force. */
export interface ProviderDescription {
  readonly kind: KindName
  /** Answers when the client names none. */
  readonly model: string
  /** May be named by clients; contains `model`. */
  readonly models: readonly string[]
  readonly region: string
}

/** A provider in force for an organisation, ready for use. */
export interface Provider extends ProviderDescription {
  /** Absent for `extractive`. */
  readonly endpoint?: Endpoint
}

export const EXTRACTIVE_PROVIDER: Provider = {
  kind: EXTRACTIVE,
  model: EXTRACTIVE,
  models: [EXTRACTIVE],
  region: KINDS.extractive.region,
}

export interface ProviderHealth {
  readonly ok: boolean
  /** For people: what to do when it does not answer. */
  readonly detail: string
}
