/** What is known about a kind of provider before anybody configures it. */
export interface ProviderKind {
  readonly needsBaseUrl: boolean
  readonly needsApiKey: boolean
  readonly baseUrl?: string
  /** Where data goes when nobody declares anything else. */
  readonly region: string
  readonly model?: string
  /** Tokens that a model of this kind is taken to hold while nobody says how many it does. */
  readonly contextTokens: number
  readonly takesTemperature: boolean
}

export const EXTRACTIVE = 'extractive'

export const KINDS = {
  anthropic: {
    needsBaseUrl: false,
    needsApiKey: true,
    baseUrl: 'https://api.anthropic.com',
    region: 'us',
    contextTokens: 200_000,
    takesTemperature: false,
  },
  'azure-openai': {
    needsBaseUrl: true,
    needsApiKey: true,
    region: 'unknown',
    contextTokens: 128_000,
    takesTemperature: true,
  },
  extractive: {
    needsBaseUrl: false,
    needsApiKey: false,
    region: 'local',
    model: EXTRACTIVE,
    contextTokens: Infinity,
    takesTemperature: true,
  },
  mistral: {
    needsBaseUrl: false,
    needsApiKey: true,
    baseUrl: 'https://api.mistral.ai/v1',
    region: 'eu',
    model: 'mistral-small-latest',
    contextTokens: 128_000,
    takesTemperature: true,
  },
  ollama: {
    needsBaseUrl: false,
    needsApiKey: false,
    baseUrl: 'http://127.0.0.1:11434/v1',
    region: 'local',
    // Its default num_ctx on small machines. What is beyond it Ollama throws away without a word.
    contextTokens: 4_096,
    takesTemperature: true,
  },
  openai: {
    needsBaseUrl: false,
    needsApiKey: true,
    baseUrl: 'https://api.openai.com/v1',
    region: 'us',
    contextTokens: 128_000,
    takesTemperature: true,
  },
  'openai-compatible': {
    needsBaseUrl: true,
    needsApiKey: false,
    region: 'unknown',
    contextTokens: 16_384,
    takesTemperature: true,
  },
} as const satisfies Readonly<Record<string, ProviderKind>>

export type KindName = keyof typeof KINDS

export function isKind(name: string): name is KindName {
  return Object.hasOwn(KINDS, name)
}

export function kindOf(name: KindName): ProviderKind {
  return KINDS[name]
}

export function refusalOf(): string {
  return `must be one of ${Object.keys(KINDS).sort().join(', ')}`
}

const AZURE_HOST =
  /^[a-z\d][a-z\d-]*\.(?:openai\.azure\.(?:com|us|cn)|cognitiveservices\.azure\.com|services\.ai\.azure\.com)$/
const AZURE_PATH = /^\/(?:openai(?:\/v1)?\/?)?$/

/** What is wrong with a base URL for this kind, for people; undefined when it may be used. */
export function problemOfBaseUrl(kind: KindName, baseUrl: string): string | undefined {
  if (kind !== 'azure-openai') return undefined
  const { protocol, hostname, pathname, port } = new URL(baseUrl)
  const isResource = protocol === 'https:' && AZURE_HOST.test(hostname) && !port
  if (isResource && AZURE_PATH.test(pathname)) return undefined
  return 'must be the address of an Azure OpenAI resource, like https://<resource>.openai.azure.com'
}

/** Where requests go, and what they carry. */
export interface Endpoint {
  readonly baseUrl: string
  readonly apiKey: string | undefined
  /** Azure's `api-version`, a date; absent for the v1 API, which has none. */
  readonly apiVersion?: string | undefined
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
  /** Tokens that the model holds, question and answer together; absent when nobody said. */
  readonly contextTokens?: number | undefined
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
