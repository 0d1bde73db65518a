import { z } from 'zod'
import { AppError } from '@lexcustis/core'
import type { ProviderKind } from '@lexcustis/proto/llm'
import { callContext } from '../adapters/peers.js'
import type { App } from '../app.js'
import { recordThenAct } from '../domain/audit-trail.js'
import type { TenantPrincipal } from '../domain/principal.js'
import { requirePermission, tenantOf } from '../plugins/access.js'
import type { GatewayDeps } from './gateway-deps.js'
import {
  fromPolicyChange,
  fromProviderChange,
  OrganizationView,
  PolicyChange,
  ProviderChange,
  toChecks,
  toOrganizationView,
} from './organization-view.js'
import { Name } from './schemas.js'

const TIMEOUT_MS = 10_000

const Change = z
  .strictObject({
    name: Name.optional(),
    provider: ProviderChange.nullable().optional().describe('null: the default of the deployment'),
    policy: PolicyChange.optional(),
  })
  .refine((change) => Object.keys(change).length > 0, 'changes nothing')

type Deps = Pick<GatewayDeps, 'administration' | 'organizations' | 'peers' | 'tokens' | 'trail'>

/** `/api/v1/organization`: settings of the caller's organisation. */
export function organizationRoutes(app: App, deps: Deps): void {
  app.get(
    '/api/v1/organization',
    {
      ...requirePermission('settings.read'),
      schema: {
        tags: ['administration'],
        summary: 'Settings: provider, policy, pause',
        response: { 200: OrganizationView },
      },
    },
    async (request) => view(deps, tenantOf(request)),
  )

  app.patch(
    '/api/v1/organization',
    {
      ...requirePermission('settings.write'),
      schema: {
        tags: ['administration'],
        summary: 'Change settings; what is left out stays',
        body: Change,
        response: { 200: OrganizationView },
      },
    },
    async (request) => {
      const admin = tenantOf(request)
      const { name, provider, policy } = request.body
      if (provider !== undefined) await changeProvider(deps, admin, provider)
      if (policy) await changePolicy(deps, admin, policy)
      if (name !== undefined) await deps.administration.rename(admin, name)
      return view(deps, admin)
    },
  )

  for (const [act, isPaused] of [
    ['pause', true],
    ['resume', false],
  ] as const) {
    app.post(
      `/api/v1/organization/${act}`,
      {
        ...requirePermission('settings.write'),
        schema: {
          tags: ['administration'],
          summary: isPaused ? 'Refuse chats until resumed' : 'Allow chats again',
          response: { 200: z.object({ id: z.string(), paused: z.boolean() }) },
        },
      },
      async (request) => {
        const admin = tenantOf(request)
        await deps.administration.setPaused(admin, isPaused)
        return { id: admin.organizationId, paused: isPaused }
      },
    )
  }
}

async function view({ organizations, peers, tokens }: Deps, principal: TenantPrincipal) {
  const [organization, provider, { policy }] = await Promise.all([
    organizations.get(principal.organizationId),
    callContext(tokens, principal, 'llm', { timeoutMs: TIMEOUT_MS }).then(async (context) =>
      peers.llm.providers.getOrgProvider({}, context),
    ),
    callContext(tokens, principal, 'compliance', { timeoutMs: TIMEOUT_MS }).then(async (context) =>
      peers.compliance.policy.getPolicy({}, context),
    ),
  ])
  if (!organization) throw new AppError('UNAUTHENTICATED', 'the organisation is gone')
  return toOrganizationView(organization, provider, policy)
}

/** Recorded first; what cannot work is refused before, so that the log does not report attempts. */
async function changeProvider(
  { peers, tokens, trail }: Deps,
  admin: TenantPrincipal,
  change: ProviderChange | null,
): Promise<void> {
  const { providers } = peers.llm
  const contextOf = async () => callContext(tokens, admin, 'llm', { timeoutMs: TIMEOUT_MS })
  if (change) {
    const { kinds } = await providers.listProviders({}, await contextOf())
    assertPossible(change, kinds)
  }
  const event = { type: 'settings.changed', attrs: { changed: ['provider'] } } as const
  await recordThenAct(trail, admin, event, event, async () =>
    providers.setOrgProvider(fromProviderChange(change), await contextOf()),
  )
}

function assertPossible(change: ProviderChange, kinds: readonly ProviderKind[]): void {
  const { provider, base_url: baseUrl, fallbacks = [] } = change
  if (provider !== undefined) assertKind({ provider, base_url: baseUrl }, '', kinds)
  fallbacks.forEach((fallback, index) => assertKind(fallback, `fallbacks/${index}/`, kinds))
}

function assertKind(
  { provider, base_url: baseUrl }: Pick<ProviderChange, 'base_url'> & { provider: string },
  place: string,
  kinds: readonly ProviderKind[],
): void {
  const kind = kinds.find(({ name }) => name === provider)
  if (!kind) {
    throw invalid(`${place}provider`, `must be one of ${kinds.map(({ name }) => name).join(', ')}`)
  }
  if (kind.needsBaseUrl && !baseUrl) throw invalid(`${place}base_url`, 'is needed by this provider')
}

/** A refused change is taken back by a record of the modes that stay in force. */
async function changePolicy(
  { peers, tokens, trail }: Deps,
  admin: TenantPrincipal,
  change: PolicyChange,
): Promise<void> {
  const { policy: policies } = peers.compliance
  const contextOf = async () => callContext(tokens, admin, 'compliance', { timeoutMs: TIMEOUT_MS })
  const { policy: before } = await policies.getPolicy({}, await contextOf())
  const kept = before ? toChecks(before) : {}
  await recordThenAct(
    trail,
    admin,
    { type: 'policy.changed', attrs: { checks: change } },
    { type: 'policy.changed', attrs: { checks: kept } },
    async () => policies.setPolicy({ checks: fromPolicyChange(change) }, await contextOf()),
  )
}

function invalid(field: string, detail: string): AppError {
  return new AppError('INVALID_INPUT', `provider: ${field} ${detail}`, {
    errors: [{ pointer: `/provider/${field}`, detail }],
  })
}
