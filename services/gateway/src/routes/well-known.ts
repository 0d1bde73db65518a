import { unimplemented } from '@lexcustis/rpc'
import { z } from 'zod'
import type { App } from '../app.js'
import { openToEveryone } from '../plugins/access.js'
import type { GatewayDeps } from './gateway-deps.js'

/** Public keys, for whoever verifies without an account. */
export function wellKnownRoutes(app: App, { jwks }: Pick<GatewayDeps, 'jwks'>): void {
  app.get(
    '/.well-known/jwks.json',
    {
      ...openToEveryone(),
      schema: {
        tags: ['keys'],
        summary: 'Public keys of the access tokens (RFC 7517)',
        response: { 200: z.object({ keys: z.array(z.looseObject({ kty: z.string() })) }) },
      },
    },
    async (_request, reply) =>
      reply.header('cache-control', 'public, max-age=300').send({
        keys: jwks.keys.map((key) => ({ ...key, kty: key.kty ?? 'OKP' })),
      }),
  )

  app.get(
    '/.well-known/lexcustis/audit-keys.json',
    {
      ...openToEveryone(),
      schema: { tags: ['keys'], summary: 'Public keys of the signed checkpoints' },
    },
    async () => unimplemented('signed checkpoints'),
  )
}
