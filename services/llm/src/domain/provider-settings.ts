import { AppError } from '@lexcustis/core'
import {
  type ChoiceDeps,
  type ChoiceRequest,
  invalid,
  type ProviderChoice,
  toChoice,
} from './provider-choice.js'
import { kindOf } from './provider.js'
import { isRegionAllowed, REGION, UNKNOWN } from './regions.js'

/** Everything an organisation said about who answers. */
export interface ProviderSettings {
  /** Undefined: the deployment's default. */
  readonly choice: ProviderChoice | undefined
  /** Asked in this order when the one before cannot answer. */
  readonly fallbacks: readonly ProviderChoice[]
  /** Names as in `isRegionAllowed`; none: anywhere. */
  readonly allowedRegions: readonly string[]
  /** For questions that give none, 0 to 2; undefined: the provider's own. */
  readonly temperature: number | undefined
  /** Of an answer, whatever a question asks for; undefined: no bound. */
  readonly maxTokens: number | undefined
}

export const NOTHING_SAID: ProviderSettings = {
  choice: undefined,
  fallbacks: [],
  allowedRegions: [],
  temperature: undefined,
  maxTokens: undefined,
}

export interface SettingsStore {
  get(organizationId: string): Promise<ProviderSettings>
  /** Replaces everything in one step. */
  set(organizationId: string, settings: ProviderSettings, setBy: string): Promise<void>
}

export interface SettingsRequest extends Omit<ProviderSettings, 'choice' | 'fallbacks'> {
  /** Its provider is empty for the deployment's default. */
  readonly choice: ChoiceRequest
  readonly fallbacks: readonly ChoiceRequest[]
}

const MAX_FALLBACKS = 4
const MAX_REGIONS = 32
const MAX_REGIONS_TEXT = 190
const MAX_TEMPERATURE = 2

/** Checks what an organisation asks for; throws INVALID_INPUT with a pointer. */
export async function toSettings(
  organizationId: string,
  request: SettingsRequest,
  before: ProviderSettings,
  deps: ChoiceDeps,
): Promise<ProviderSettings> {
  const { allowedRegions, temperature, maxTokens } = request
  assertRegions(allowedRegions)
  assertBounds(request)
  const known = [...(before.choice ? [before.choice] : []), ...before.fallbacks]
  const choice = request.choice.provider
    ? await toChoice(organizationId, request.choice, known, deps)
    : undefined
  const fallbacks: ProviderChoice[] = []
  for (const [index, fallback] of request.fallbacks.entries()) {
    const read = toChoice(organizationId, fallback, known, deps)
    fallbacks.push(await read.catch((error: unknown) => under(`/fallbacks/${index}`, error)))
  }
  const settings = { choice, fallbacks, allowedRegions, temperature, maxTokens }
  const links = linksOf(settings)
  for (const { pointer, choice: one } of links) assertFits(pointer, one, settings)
  // They are recorded together, as where the data may go.
  const regions = [...new Set(links.map(({ choice: { region } }) => region))].join('+')
  if (regions.length > MAX_REGIONS_TEXT) {
    throw invalid('/fallbacks', `have regions of more than ${MAX_REGIONS_TEXT} characters together`)
  }
  return settings
}

/** The choice and its fallbacks, with where each stands in a request. */
export function linksOf({
  choice,
  fallbacks,
}: Pick<ProviderSettings, 'choice' | 'fallbacks'>): readonly {
  readonly pointer: string
  readonly choice: ProviderChoice
}[] {
  return [
    ...(choice ? [{ pointer: '', choice }] : []),
    ...fallbacks.map((one, index) => ({ pointer: `/fallbacks/${index}`, choice: one })),
  ]
}

function assertRegions(regions: readonly string[]): void {
  if (regions.length > MAX_REGIONS) {
    throw invalid('/allowed_regions', `must be at most ${MAX_REGIONS}`)
  }
  for (const [index, region] of regions.entries()) {
    if (!REGION.test(region)) {
      throw invalid(`/allowed_regions/${index}`, 'must be a name like eu, de or eu-west-1')
    }
    if (region === UNKNOWN) {
      throw invalid(
        `/allowed_regions/${index}`,
        'must say where data may go; leave it empty for anywhere',
      )
    }
  }
}

function assertBounds({ fallbacks, temperature, maxTokens }: SettingsRequest): void {
  if (fallbacks.length > MAX_FALLBACKS) {
    throw invalid('/fallbacks', `must be at most ${MAX_FALLBACKS}`)
  }
  if (temperature !== undefined && temperature > MAX_TEMPERATURE) {
    throw invalid('/temperature', `must be from 0 to ${MAX_TEMPERATURE}`)
  }
  if (maxTokens === 0) throw invalid('/max_tokens', 'must be at least 1')
}

/** Nobody may be asked who would have to be refused later. */
function assertFits(
  pointer: string,
  { kind, region }: ProviderChoice,
  { allowedRegions, temperature }: ProviderSettings,
): void {
  if (!isRegionAllowed(region, allowedRegions)) {
    throw invalid(`${pointer}/region`, 'is none of the allowed regions')
  }
  if (temperature !== undefined && !kindOf(kind).takesTemperature) {
    throw invalid('/temperature', `is not taken by ${kind}; leave it out`)
  }
}

function under(pointer: string, error: unknown): never {
  const found = error instanceof AppError ? error.errors[0] : undefined
  if (!found) throw error
  throw invalid(`${pointer}${found.pointer}`, found.detail)
}
