import { AppError } from '@lexcustis/core'
import { Check, type CheckPolicy, Mode, type Policy } from '@lexcustis/proto/compliance'
import type { GetOrgProviderResponse, SetOrgProviderRequest } from '@lexcustis/proto/llm'
import { z } from 'zod'
import type { Organization } from '../domain/identity/model.js'

const CHECKS = {
  pii: Check.PII,
  injection: Check.INJECTION,
  bias: Check.BIAS,
  grounding: Check.GROUNDING,
} as const
type CheckName = keyof typeof CHECKS

const E4 = 10_000

const MODES = { monitor: Mode.MONITOR, mask: Mode.MASK, block: Mode.BLOCK } as const
type ModeName = keyof typeof MODES

const ModeView = z.enum(Object.keys(MODES) as [ModeName, ...ModeName[]])

/** Checks left out keep their mode. */
export const PolicyChange = z
  .strictObject({
    pii: ModeView.optional(),
    injection: ModeView.optional(),
    bias: ModeView.optional(),
    grounding: ModeView.optional(),
  })
  .refine((policy) => Object.keys(policy).length > 0, 'names no check')
export type PolicyChange = z.output<typeof PolicyChange>

const endpoint = {
  provider: z.string().min(1, 'is empty').max(64),
  model: z.string().min(1, 'is empty').max(200),
  base_url: z
    .url({ protocol: /^https?$/, error: 'is not an http or https URL' })
    .max(2_000)
    .optional(),
  api_key: z
    .string()
    .max(1_000)
    .optional()
    .describe('Left out: keeps the one stored for this kind and base URL; empty: removes it'),
  region: z
    .string()
    .min(1, 'is empty')
    .max(64)
    .optional()
    .describe('Where data goes, as you declare it: recorded with every answer'),
}

const Fallback = z.strictObject(endpoint)

/** Replaces what was set before as a whole, stored keys apart. */
export const ProviderChange = z
  .strictObject({
    ...endpoint,
    provider: endpoint.provider.optional(),
    model: endpoint.model.optional(),
    fallbacks: z
      .array(Fallback)
      .max(4)
      .optional()
      .describe('Asked in this order while nothing of an answer has come'),
    allowed_regions: z
      .array(z.string().max(64))
      .max(32)
      .optional()
      .describe('Where data may go, for example ["eu"]; left out: anywhere'),
    temperature: z.number().min(0).max(2).optional().describe('For requests that give none'),
    max_tokens: z
      .int()
      .min(1)
      .max(10_000_000)
      .optional()
      .describe('Of an answer, whatever a request asks for'),
    skip_check: z
      .boolean()
      .optional()
      .describe('Store it though the provider does not answer now; otherwise it is asked first'),
  })
  .refine(({ provider, model }) => (provider === undefined) === (model === undefined), {
    error: 'needs provider and model, or neither for the default of the deployment',
  })
  .refine(
    ({ provider, base_url, api_key, region }) =>
      provider !== undefined || (base_url ?? api_key ?? region) === undefined,
    { error: 'has a base_url, api_key or region without a provider' },
  )
export type ProviderChange = z.output<typeof ProviderChange>

const FallbackView = z.object({
  provider: z.string(),
  model: z.string(),
  region: z.string(),
  base_url: z.string().nullable(),
  has_api_key: z.boolean(),
})

const ProviderView = z.object({
  chosen: z.boolean().describe('false: the default of the deployment answers'),
  provider: z.string(),
  model: z.string(),
  models: z.array(z.string()),
  region: z.string(),
  base_url: z.string().nullable(),
  has_api_key: z.boolean(),
  fallbacks: z.array(FallbackView),
  allowed_regions: z.array(z.string()),
  temperature: z.number().nullable(),
  max_tokens: z.int().nullable(),
})

const PolicyView = z.object({
  version: z.string(),
  checks: z.partialRecord(z.enum(Object.keys(CHECKS) as [CheckName, ...CheckName[]]), ModeView),
})

export const OrganizationView = z.object({
  id: z.string(),
  slug: z.string(),
  name: z.string(),
  paused: z.boolean(),
  provider: ProviderView,
  policy: PolicyView,
})

export function toOrganizationView(
  { id, slug, name, pausedAt }: Organization,
  provider: GetOrgProviderResponse,
  policy: Policy | undefined,
): z.output<typeof OrganizationView> {
  if (!policy) throw new AppError('INTERNAL', 'an answer without its policy')
  return {
    id,
    slug,
    name,
    paused: pausedAt !== undefined,
    provider: toProviderView(provider),
    policy: { version: policy.version, checks: toChecks(policy) },
  }
}

function toProviderView(provider: GetOrgProviderResponse): z.output<typeof ProviderView> {
  const { resolved, chosen, baseUrl, hasApiKey, allowedRegions, temperatureE4, maxTokens } =
    provider
  if (!resolved) throw new AppError('INTERNAL', 'an answer without its provider')
  return {
    chosen,
    provider: resolved.provider,
    model: resolved.model,
    models: resolved.models,
    region: resolved.region,
    base_url: baseUrl || null,
    has_api_key: hasApiKey,
    fallbacks: resolved.fallbacks.map((fallback) => ({
      provider: fallback.provider,
      model: fallback.model,
      region: fallback.region,
      base_url: fallback.baseUrl || null,
      has_api_key: fallback.hasApiKey,
    })),
    allowed_regions: allowedRegions,
    temperature: temperatureE4 === undefined ? null : temperatureE4 / E4,
    max_tokens: maxTokens ?? null,
  }
}

/** Check → mode, in the words of the API. */
export function toChecks(policy: Policy): Partial<Record<CheckName, ModeName>> {
  return Object.fromEntries(
    policy.checks.flatMap(({ check, mode }) => {
      const checkName = (Object.keys(CHECKS) as CheckName[]).find((name) => CHECKS[name] === check)
      const modeName = (Object.keys(MODES) as ModeName[]).find((name) => MODES[name] === mode)
      return checkName && modeName ? [[checkName, modeName]] : []
    }),
  )
}

export function fromPolicyChange(change: PolicyChange): CheckPolicy[] {
  return (Object.keys(CHECKS) as CheckName[]).flatMap((name) => {
    const mode = change[name]
    return mode === undefined ? [] : [{ check: CHECKS[name], mode: MODES[mode] }]
  })
}

/** `null` clears everything that the organisation said. */
export function fromProviderChange(change: ProviderChange | null): SetOrgProviderRequest {
  const { fallbacks = [], allowed_regions: allowedRegions = [], temperature } = change ?? {}
  return {
    ...fromEndpoint(change ?? {}),
    fallbacks: fallbacks.map(fromEndpoint),
    allowedRegions,
    temperatureE4: temperature === undefined ? undefined : Math.round(temperature * E4),
    maxTokens: change?.max_tokens,
    skipCheck: change?.skip_check ?? false,
  }
}

type Endpoint = Pick<ProviderChange, keyof typeof endpoint>

function fromEndpoint({ provider = '', model = '', base_url: baseUrl = '', ...rest }: Endpoint) {
  const { api_key: apiKey, region = '' } = rest
  return { provider, model, baseUrl, apiKey, region }
}
