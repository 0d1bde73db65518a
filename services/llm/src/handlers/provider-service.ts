import { AppError, type TenantContext } from '@lexcustis/core'
import type { ProviderDefinition } from '@lexcustis/proto/llm'
import type { Call, Handlers } from '@lexcustis/rpc'
import { type ChoiceDeps, invalid, toProvider } from '../domain/provider-choice.js'
import type { InForce, ProviderDirectory } from '../domain/provider-directory.js'
import type { ManifestStore, PagesOf } from '../domain/provider-manifest.js'
import { linksOf, type ProviderSettings, toSettings } from '../domain/provider-settings.js'
import { KINDS, type Provider, type ProviderHealth, type ProviderKind } from '../domain/provider.js'
import { fromSetRequest, toE4, toResolved } from './wire.js'

export interface ProviderDeps extends ChoiceDeps {
  readonly directory: ProviderDirectory
  readonly manifest: Pick<ManifestStore, 'list'>
  readonly pagesOf: PagesOf
  readonly check: (provider: Provider, signal: AbortSignal) => Promise<ProviderHealth>
  readonly providerChosen: (organizationId: string, kind: string) => void
}

/** ProviderService: everyone of an organisation may read its provider, an admin may change it. */
export function createProviderHandlers(deps: ProviderDeps): Handlers<typeof ProviderDefinition> {
  return {
    listProviders: async () => ({
      kinds: Object.entries<ProviderKind>(KINDS)
        .sort(([one], [other]) => (one < other ? -1 : 1))
        .map(([name, { needsBaseUrl, needsApiKey }]) => ({ name, needsBaseUrl, needsApiKey })),
    }),
    getOrgProvider: async (_request, call) => {
      const { organizationId } = await call.tenant()
      const inForce = await deps.directory.inForce(organizationId)
      const { choice, allowedRegions, temperature, maxTokens } = inForce.settings
      return {
        chosen: choice !== undefined,
        resolved: resolvedOf(inForce),
        baseUrl: choice?.baseUrl ?? '',
        hasApiKey: choice?.sealedKey !== undefined,
        allowedRegions: [...allowedRegions],
        temperatureE4: toE4(temperature),
        maxTokens,
      }
    },
    setOrgProvider: async (request, call) => {
      const { organizationId, userId } = await adminOf(call)
      const before = await deps.directory.read(organizationId)
      const settings = await toSettings(organizationId, fromSetRequest(request), before, deps)
      if (!request.skipCheck) await assertAnswer(deps, organizationId, settings, call.signal)
      const inForce = await deps.directory.change(organizationId, settings, userId)
      deps.providerChosen(organizationId, settings.choice?.kind ?? 'default')
      return { resolved: resolvedOf(inForce) }
    },
    checkProvider: async (_request, call) => {
      const { organizationId } = await call.tenant()
      const { providers } = await deps.directory.open(organizationId)
      const [first, ...others] = await Promise.all(
        providers.map(async (provider) => deps.check(provider, call.signal)),
      )
      const failed = others.find(({ ok }) => !ok)
      // One that answers at all is healthy; whoever asks learns of fallbacks that do not.
      if (!first?.ok || !failed) return first ?? { ok: false, detail: 'there is no provider' }
      return { ok: true, detail: `a fallback does not answer: ${failed.detail}` }
    },
    getManifest: async (_request, call) => {
      const { organizationId } = await call.tenant()
      const entries = await deps.manifest.list(organizationId)
      return {
        entries: entries.map((entry) => ({ ...entry, ...deps.pagesOf(entry) })),
      }
    },
  }
}

function resolvedOf({ settings, provider }: InForce) {
  return toResolved(provider, settings.fallbacks)
}

/** Whoever would be asked has to answer now; throws INVALID_INPUT saying who does not, and why. */
async function assertAnswer(
  { check, sealer }: Pick<ProviderDeps, 'check' | 'sealer'>,
  organizationId: string,
  settings: ProviderSettings,
  signal: AbortSignal,
): Promise<void> {
  const links = linksOf(settings)
  const found = await Promise.all(
    links.map(async ({ choice }) => check(toProvider(organizationId, choice, sealer), signal)),
  )
  links.forEach(({ pointer }, index) => {
    const health = found[index]
    if (health && !health.ok)
      throw invalid(`${pointer}/provider`, `does not answer: ${health.detail}`)
  })
}

async function adminOf(call: Call): Promise<TenantContext> {
  const tenant = await call.tenant()
  if (tenant.userRole === 'admin') return tenant
  throw new AppError('FORBIDDEN', 'only an admin of the organisation may change its provider')
}
