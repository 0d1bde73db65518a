import { z } from 'zod'
import type { App } from '../app.js'
import type { Account } from '../domain/identity/model.js'
import { readCursor } from '../domain/page.js'
import { requirePermission, tenantOf } from '../plugins/access.js'
import type { GatewayDeps } from './gateway-deps.js'
import {
  AnyRole,
  Email,
  Instant,
  NewPassword,
  OrganizationRole,
  page,
  PageQuery,
} from './schemas.js'

const User = z.object({ id: z.string(), email: z.string(), role: AnyRole, created_at: Instant })

/** `/api/v1/users`. */
export function usersRoutes(
  app: App,
  deps: Pick<GatewayDeps, 'administration' | 'accounts'>,
): void {
  app.post(
    '/api/v1/users',
    {
      ...requirePermission('users.write'),
      schema: {
        tags: ['administration'],
        summary: 'Create a user of the organisation',
        body: z.strictObject({ email: Email, password: NewPassword, role: OrganizationRole }),
        response: { 201: User },
      },
    },
    async (request, reply) => {
      const account = await deps.administration.createUser(tenantOf(request), request.body)
      return reply.code(201).send(toUser(account))
    },
  )

  app.get(
    '/api/v1/users',
    {
      ...requirePermission('users.read'),
      schema: {
        tags: ['administration'],
        summary: 'Users of the organisation, oldest first',
        querystring: PageQuery,
        response: { 200: page(User) },
      },
    },
    async (request) => {
      const { limit, cursor } = request.query
      const { items, nextCursor } = await deps.accounts.list(tenantOf(request).organizationId, {
        limit,
        after: readCursor(cursor),
      })
      return { items: items.map(toUser), next_cursor: nextCursor }
    },
  )
}

function toUser({ id, email, role, createdAt }: Account) {
  return { id, email, role, created_at: createdAt.toISOString() }
}
