import { z } from 'zod'
import type { App } from '../app.js'
import { principalOf, requirePermission } from '../plugins/access.js'
import type { GatewayDeps } from './gateway-deps.js'
import { Email, Name, NewPassword, Slug } from './schemas.js'

const Created = z.object({
  id: z.string(),
  slug: z.string(),
  name: z.string(),
  admin: z.object({ id: z.string(), email: z.string() }),
})

/** `POST /api/v1/organizations`: the operator's one act on organisations. */
export function organizationsRoutes(app: App, deps: Pick<GatewayDeps, 'administration'>): void {
  app.post(
    '/api/v1/organizations',
    {
      ...requirePermission('organizations.write'),
      schema: {
        tags: ['operator'],
        summary: 'Create an organisation with its first admin',
        body: z.strictObject({
          name: Name,
          slug: Slug,
          admin: z.strictObject({ email: Email, password: NewPassword }),
        }),
        response: { 201: Created },
      },
    },
    async (request, reply) => {
      const { organization, admin } = await deps.administration.createOrganization(
        principalOf(request),
        request.body,
      )
      const { id, slug, name } = organization
      return reply.code(201).send({ id, slug, name, admin })
    },
  )
}
