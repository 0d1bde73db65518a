import { AppError, type TenantContext } from '@lexcustis/core'
import type { ProviderDefinition, SetOrgProviderRequest } from '@lexcustis/proto/llm'
import type { Call, Handlers } from '@lexcustis/rpc'
import {
  type ChoiceDeps,
  type ChoiceStore,
  type ProviderChoice,
  toChoice,
} from '../domain/provider-choice.js'
import type { ProviderDirectory } from '../domain/provider-directory.js'
import type { ManifestStore } from '../domain/provider-manifest.js'
import { KINDS, type Provider, type ProviderHealth, type ProviderKind } from '../domain/provider.js'
import { toResolved } from './wire.js'

export interface ProviderDeps extends ChoiceDeps {
  readonly directory: ProviderDirectory
  readonly choices: Pick<ChoiceStore, 'get'>
  readonly manifest: Pick<ManifestStore, 'list'>
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
      const { choice, provider } = await deps.directory.inForce(organizationId)
      return {
        chosen: choice !== undefined,
        resolved: toResolved(provider),
        baseUrl: choice?.baseUrl ?? '',
        hasApiKey: choice?.sealedKey !== undefined,
        allowedRegions: [],
      }
    },
    setOrgProvider: async (request, call) => {
      const tenant = await adminOf(call)
      const choice = await readChoice(deps, tenant, request)
      const { organizationId, userId } = tenant
      const provider = await deps.directory.change(organizationId, choice, userId)
      deps.providerChosen(organizationId, choice?.kind ?? 'default')
      return { resolved: toResolved(provider) }
    },
    checkProvider: async (_request, call) => {
      const { organizationId } = await call.tenant()
      return deps.check(await deps.directory.open(organizationId), call.signal)
    },
    getManifest: async (_request, call) => {
      const { organizationId } = await call.tenant()
      const entries = await deps.manifest.list(organizationId)
      return { entries: entries.map((entry) => ({ ...entry, termsUrl: '', documentationUrl: '' })) }
    },
  }
}

async function adminOf(call: Call): Promise<TenantContext> {
  const tenant = await call.tenant()
  if (tenant.userRole === 'admin') return tenant
  throw new AppError('FORBIDDEN', 'only an admin of the organisation may change its provider')
}

async function readChoice(
  deps: ProviderDeps,
  { organizationId }: TenantContext,
  request: SetOrgProviderRequest,
): Promise<ProviderChoice | undefined> {
  refuseUnknown(request)
  if (!request.provider) return undefined
  const before = await deps.choices.get(organizationId)
  return toChoice(organizationId, request, before, deps)
}

/** What this version does not do is refused by name: nobody may believe that it holds. */
function refuseUnknown(request: SetOrgProviderRequest): void {
  const { allowedRegions, fallbacks, temperatureE4, maxTokens } = request
  const asked = [
    ['allowed_regions', allowedRegions.length > 0],
    ['fallbacks', fallbacks.length > 0],
    ['temperature_e4', temperatureE4 !== undefined],
    ['max_tokens', maxTokens !== undefined],
  ] as const
  const found = asked.find(([, isAsked]) => isAsked)
  if (!found) return
  throw new AppError('UNIMPLEMENTED', `${found[0]} is not supported by this version`)
}
