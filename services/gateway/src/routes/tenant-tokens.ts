import { z } from 'zod'
import type { App } from '../app.js'
import { requirePermission, tenantOf } from '../plugins/access.js'
import type { GatewayDeps } from './gateway-deps.js'

const TOKEN_SECONDS = 60

/** `POST /api/v1/tenant-tokens`: how a peer service comes to speak for an organisation. */
export function tenantTokensRoutes(app: App, { issuer }: Pick<GatewayDeps, 'issuer'>): void {
  app.post(
    '/api/v1/tenant-tokens',
    {
      ...requirePermission('tenant_tokens.issue'),
      schema: {
        tags: ['peers'],
        summary: 'A tenant token for gRPC calls to one service (an API key with the scope peer)',
        body: z.strictObject({ audience: z.enum(['audit', 'compliance', 'rag', 'llm']) }),
        response: { 200: z.object({ token: z.string(), expires_in: z.number() }) },
      },
    },
    async (request) => ({
      token: await issuer.issue(tenantOf(request), request.body.audience),
      expires_in: TOKEN_SECONDS,
    }),
  )
}
