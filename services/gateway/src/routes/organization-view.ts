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

export const ProviderChange = z.strictObject({
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
    .describe('Left out: keeps the stored one; empty: removes it'),
  region: z.string().min(1, 'is empty').max(64).optional(),
})
export type ProviderChange = z.output<typeof ProviderChange>

const ProviderView = z.object({
  chosen: z.boolean().describe('false: the default of the deployment answers'),
  provider: z.string(),
  model: z.string(),
  models: z.array(z.string()),
  region: z.string(),
  base_url: z.string().nullable(),
  has_api_key: z.boolean(),
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
  const { resolved, chosen, baseUrl, hasApiKey } = provider
  if (!resolved) throw new AppError('INTERNAL', 'an answer without its provider')
  return {
    chosen,
    provider: resolved.provider,
    model: resolved.model,
    models: resolved.models,
    region: resolved.region,
    base_url: baseUrl || null,
    has_api_key: hasApiKey,
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

/** `null` clears the organisation's own choice. */
export function fromProviderChange(change: ProviderChange | null): SetOrgProviderRequest {
  const unchanged = { allowedRegions: [], fallbacks: [], skipCheck: true }
  if (!change) {
    return { provider: '', model: '', baseUrl: '', apiKey: undefined, region: '', ...unchanged }
  }
  const { provider, model, base_url = '', api_key, region = '' } = change
  return { provider, model, baseUrl: base_url, apiKey: api_key, region, ...unchanged }
}
