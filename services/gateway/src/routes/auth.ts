import { z } from 'zod'
import { AppError } from '@lexcustis/core'
import type { App } from '../app.js'
import type { Account, Organization } from '../domain/identity/model.js'
import { ACCESS_TOKEN_SECONDS, type Session, type SignIn } from '../domain/identity/sign-in.js'
import { DEPLOYMENT_ID } from '../domain/tenant-tokens.js'
import { openToEveryone, principalOf, requireAuthentication } from '../plugins/access.js'
import type { GatewayDeps } from './gateway-deps.js'
import { AnyRole } from './schemas.js'

const User = z.object({ id: z.string(), email: z.string(), role: AnyRole })
const OrganizationView = z.object({ id: z.string(), slug: z.string(), name: z.string() })

const SessionView = z.object({
  access_token: z.string(),
  token_type: z.literal('Bearer'),
  expires_in: z.number(),
  refresh_token: z.string(),
  user: User,
  organization: OrganizationView.nullable().describe('null for an operator'),
})

const Me = z.object({
  user: z.object({
    id: z.string(),
    email: z.string().nullable().describe('null when an API key asks'),
    role: AnyRole,
  }),
  organization: OrganizationView.nullable(),
})

// Longer values cannot be right, and hashing them would cost something.
const LoginBody = z.strictObject({
  email: z.string().min(1, 'is empty').max(254, 'has more than 254 characters'),
  password: z.string().min(1, 'is empty').max(256, 'has more than 256 characters'),
})
const RefreshBody = z.strictObject({ refresh_token: z.string().min(1, 'is empty').max(200) })

/** `/api/v1/auth/*` and `/api/v1/me`. */
export function authRoutes(app: App, deps: GatewayDeps): void {
  signInRoutes(app, deps.signIn)

  app.get(
    '/api/v1/me',
    {
      ...requireAuthentication(),
      schema: { tags: ['auth'], summary: 'Who the credential stands for', response: { 200: Me } },
    },
    async (request) => {
      const { organizationId, userId, role, kind } = principalOf(request)
      const [account, organization] = await Promise.all([
        kind === 'api_key' ? undefined : deps.accounts.get(organizationId ?? DEPLOYMENT_ID, userId),
        organizationId === undefined ? undefined : deps.organizations.get(organizationId),
      ])
      if (kind !== 'api_key' && !account) {
        throw new AppError('UNAUTHENTICATED', 'this account is gone')
      }
      return {
        user: { id: userId, email: account?.email ?? null, role },
        organization: toOrganizationView(organization),
      }
    },
  )
}

function signInRoutes(app: App, signIn: SignIn): void {
  app.post(
    '/api/v1/auth/login',
    {
      ...openToEveryone(),
      schema: {
        tags: ['auth'],
        summary: 'Sign in with a local account',
        body: LoginBody,
        response: { 200: SessionView },
      },
    },
    async ({ body }) => toSessionView(await signIn.login(body.email, body.password)),
  )

  app.post(
    '/api/v1/auth/refresh',
    {
      ...openToEveryone(),
      schema: {
        tags: ['auth'],
        summary: 'Exchange a refresh token, once, for a new pair of tokens',
        body: RefreshBody,
        response: { 200: SessionView },
      },
    },
    async ({ body }) => toSessionView(await signIn.refresh(body.refresh_token)),
  )

  app.post(
    '/api/v1/auth/logout',
    {
      ...openToEveryone(),
      schema: {
        tags: ['auth'],
        summary: 'End the sign-in that a refresh token belongs to',
        body: RefreshBody,
        response: { 204: z.undefined().describe('Ended, if it was there') },
      },
    },
    async ({ body }, reply) => {
      await signIn.logout(body.refresh_token)
      return reply.code(204).send()
    },
  )
}

function toSessionView(session: Session) {
  return {
    access_token: session.accessToken,
    token_type: 'Bearer' as const,
    expires_in: ACCESS_TOKEN_SECONDS,
    refresh_token: session.refreshToken,
    user: toUser(session.account),
    organization: toOrganizationView(session.organization),
  }
}

function toUser({ id, email, role }: Account) {
  return { id, email, role }
}

function toOrganizationView(organization: Organization | undefined) {
  if (!organization) return null
  const { id, slug, name } = organization
  return { id, slug, name }
}
