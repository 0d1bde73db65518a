import { z } from 'zod'
import type { App } from '../app.js'
import type { ApiKey } from '../domain/identity/model.js'
import { readCursor } from '../domain/page.js'
import { DEFAULT_SCOPES, SCOPES } from '../domain/roles.js'
import { requirePermission, tenantOf } from '../plugins/access.js'
import type { GatewayDeps } from './gateway-deps.js'
import { IdParams, Instant, Name, page, PageQuery, readId } from './schemas.js'

const ScopeList = z
  .array(z.enum(SCOPES))
  .min(1, 'name at least one scope')
  .max(SCOPES.length, 'names a scope twice')
  .describe(
    `What the key may do, never more than its maker; ${DEFAULT_SCOPES.join(' and ')} when left out. ` +
      '`rag` answers /v1 requests from the documents, `peer` issues tenant tokens.',
  )

const Key = z.object({
  id: z.string(),
  name: z.string(),
  prefix: z.string(),
  scopes: z.array(z.enum(SCOPES)),
  created_at: Instant,
})
const IssuedKey = Key.extend({ key: z.string().describe('Shown once') })

/** `/api/v1/api-keys`. */
export function apiKeysRoutes(app: App, deps: Pick<GatewayDeps, 'administration' | 'keys'>): void {
  const { administration, keys } = deps
  app.post(
    '/api/v1/api-keys',
    {
      ...requirePermission('keys.write'),
      schema: {
        tags: ['administration'],
        summary: 'Make an API key',
        body: z.strictObject({ name: Name, scopes: ScopeList.optional() }),
        response: { 201: IssuedKey },
      },
    },
    async (request, reply) => {
      const { key, text } = await administration.createApiKey(tenantOf(request), request.body)
      return reply.code(201).send({ ...toKey(key), key: text })
    },
  )

  app.get(
    '/api/v1/api-keys',
    {
      ...requirePermission('keys.read'),
      schema: {
        tags: ['administration'],
        summary: 'API keys in use, oldest first',
        querystring: PageQuery,
        response: { 200: page(Key) },
      },
    },
    async (request) => {
      const { limit, cursor } = request.query
      const { items, nextCursor } = await keys.list(tenantOf(request).organizationId, {
        limit,
        after: readCursor(cursor),
      })
      return { items: items.map(toKey), next_cursor: nextCursor }
    },
  )

  app.delete(
    '/api/v1/api-keys/:id',
    {
      ...requirePermission('keys.write'),
      schema: {
        tags: ['administration'],
        summary: 'Revoke an API key, at once',
        params: IdParams,
        response: { 204: z.undefined().describe('Revoked') },
      },
    },
    async (request, reply) => {
      await administration.revokeApiKey(tenantOf(request), readId(request.params.id, 'API key'))
      return reply.code(204).send()
    },
  )
}

function toKey({ id, name, prefix, scopes, createdAt }: ApiKey) {
  return { id, name, prefix, scopes: [...scopes], created_at: createdAt.toISOString() }
}
