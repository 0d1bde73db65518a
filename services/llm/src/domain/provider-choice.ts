import { AppError, isWellFormedText } from '@lexcustis/core'
import {
  isKind,
  type KindName,
  kindOf,
  problemOfBaseUrl,
  type Provider,
  type ProviderDescription,
  refusalOf,
} from './provider.js'

/** An organisation's own choice as it is stored. */
export interface ProviderChoice {
  readonly kind: KindName
  readonly model: string
  /** Empty: the kind's own. */
  readonly baseUrl: string
  readonly region: string
  /** Sealed for this organisation, kind and base URL; absent without a key. */
  readonly sealedKey: Buffer | undefined
}

/** What a key is sealed for: it opens for nothing else, wherever the bytes are moved. */
export interface KeyPurpose {
  readonly organizationId: string
  readonly kind: KindName
  readonly baseUrl: string
}

export interface KeySealer {
  seal(key: string, purpose: KeyPurpose): Buffer
  /** Throws UNAVAILABLE when the sealing key of then is not known any more. */
  open(sealed: Buffer, purpose: KeyPurpose): string
  /** The same key under the current sealing key; undefined when it is already. Throws as `open`. */
  rewrap(sealed: Buffer, purpose: KeyPurpose): Buffer | undefined
}

/** Throws INVALID_INPUT for a base URL that must not be called on an organisation's word. */
export type CheckBaseUrl = (baseUrl: string) => Promise<void>

export interface ChoiceRequest {
  readonly provider: string
  readonly model: string
  readonly baseUrl: string
  /** Undefined keeps the stored key, empty removes it. */
  readonly apiKey?: string | undefined
  readonly region: string
}

export interface ChoiceDeps {
  readonly sealer: KeySealer | undefined
  readonly checkBaseUrl: CheckBaseUrl
}

const MAX_MODEL = 200
const MAX_REGION = 64
/** Printable ASCII without blanks: anything else cannot travel in a header. */
const API_KEY = /^[\x21-\x7e]{1,1000}$/

/**
 * Checks a request against its kind; throws INVALID_INPUT. A stored key is kept from whichever choice
 * `before` has the same kind and base URL.
 */
export async function toChoice(
  organizationId: string,
  request: ChoiceRequest,
  before: readonly ProviderChoice[],
  deps: ChoiceDeps,
): Promise<ProviderChoice> {
  const kind = readKind(request.provider)
  const preset = kindOf(kind)
  const model = request.model || preset.model || ''
  assertText(model, '/model', MAX_MODEL)
  if (kind === 'extractive' && model !== preset.model) throw invalid('/model', 'must be extractive')
  const region = request.region || preset.region
  assertText(region, '/region', MAX_REGION)
  const baseUrl = await readBaseUrl(kind, request.baseUrl, deps.checkBaseUrl)
  const sealedKey = sealKey({ organizationId, kind, baseUrl }, request.apiKey, before, deps.sealer)
  if (preset.needsApiKey && !sealedKey) throw invalid('/api_key', 'is needed by this provider')
  return { kind, model, baseUrl, region, sealedKey }
}

function readKind(name: string): KindName {
  if (isKind(name)) return name
  throw invalid('/provider', refusalOf())
}

async function readBaseUrl(kind: KindName, given: string, check: CheckBaseUrl): Promise<string> {
  const preset = kindOf(kind)
  if (given && !preset.needsBaseUrl && kind !== 'ollama') {
    throw invalid('/base_url', `is not taken by ${kind}; use openai-compatible`)
  }
  if (!given && preset.needsBaseUrl) throw invalid('/base_url', 'is needed by this provider')
  // Of the presets only Ollama's is an address of ours; the others need no look at the network.
  const doubtful = given || (kind === 'ollama' ? preset.baseUrl : undefined)
  if (doubtful) await check(doubtful)
  assertAddressOf(kind, given)
  return given
}

function assertAddressOf(kind: KindName, given: string): void {
  const problem = given ? problemOfBaseUrl(kind, given) : undefined
  if (problem) throw invalid('/base_url', problem)
}

/**
 * A stored key stays only with the endpoint it was given for. Otherwise whoever may change the base
 * URL could have the key sent to a server of their own and read it there.
 */
function sealKey(
  purpose: KeyPurpose,
  given: string | undefined,
  before: readonly ProviderChoice[],
  sealer: KeySealer | undefined,
): Buffer | undefined {
  if (given === undefined) return keptKey(purpose, before, sealer)
  if (given === '') return undefined
  if (!API_KEY.test(given)) throw invalid('/api_key', 'must be printable ASCII without blanks')
  if (!sealer) {
    throw invalid(
      '/api_key',
      'cannot be stored: this deployment has no sealing key (LLM_SEALING_KEY_FILE)',
    )
  }
  return sealer.seal(given, purpose)
}

/** Under the current sealing key, so that none is written under a former one that is about to go. */
function keptKey(
  purpose: KeyPurpose,
  before: readonly ProviderChoice[],
  sealer: KeySealer | undefined,
): Buffer | undefined {
  const kept = before.find(
    ({ kind, baseUrl, sealedKey }) =>
      sealedKey && kind === purpose.kind && baseUrl === purpose.baseUrl,
  )?.sealedKey
  if (!kept || !sealer) return kept
  try {
    return sealer.rewrap(kept, purpose) ?? kept
  } catch {
    // One that no sealing key opens stays as it is: the key for it may yet be found.
    return kept
  }
}

/** What the choice says to everybody; its key stays closed. */
export function describeChoice({ kind, model, region }: ProviderChoice): ProviderDescription {
  return { kind, model, models: [model], region }
}

/** The choice ready for use. Throws UNAVAILABLE when its key cannot be opened. */
export function toProvider(
  organizationId: string,
  choice: ProviderChoice,
  sealer: KeySealer | undefined,
): Provider {
  const { kind, sealedKey } = choice
  const baseUrl = choice.baseUrl || kindOf(kind).baseUrl
  if (!baseUrl) return describeChoice(choice)
  const purpose = { organizationId, kind, baseUrl: choice.baseUrl }
  const apiKey = sealedKey ? openKey(sealedKey, purpose, sealer) : undefined
  return { ...describeChoice(choice), endpoint: { baseUrl, apiKey, isGuarded: true } }
}

function openKey(sealed: Buffer, purpose: KeyPurpose, sealer: KeySealer | undefined): string {
  if (sealer) return sealer.open(sealed, purpose)
  throw new AppError(
    'UNAVAILABLE',
    'the stored API key cannot be opened: this deployment has no sealing key (LLM_SEALING_KEY_FILE)',
  )
}

function assertText(text: string, pointer: string, max: number): void {
  if (!text.trim()) throw invalid(pointer, 'must not be empty')
  if (text.length > max) throw invalid(pointer, `must be at most ${max} characters`)
  if (!isWellFormedText(text) || /\p{Cc}/u.test(text)) {
    throw invalid(pointer, 'must not hold control characters')
  }
}

export function invalid(pointer: string, detail: string): AppError {
  return new AppError('INVALID_INPUT', `${pointer} ${detail}`, { errors: [{ pointer, detail }] })
}
