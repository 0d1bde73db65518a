import { Memo } from '@lexcustis/core'
import { deadlineIn } from '@lexcustis/rpc'
import { z } from 'zod'
import type { Peers } from '../adapters/peers.js'
import type { App } from '../app.js'
import { openToEveryone } from '../plugins/access.js'
import type { GatewayDeps } from './gateway-deps.js'
import { Instant } from './schemas.js'

const TIMEOUT_MS = 5_000
/** Anybody may ask; the audit service is asked once in a while. */
const KNOWN_MS = 60_000

const AuditKeys = z.object({
  origin: z.string().describe('First part of the name of every log'),
  keys: z.array(
    z.object({
      public_key: z.string().describe('Ed25519, base64 of 32 bytes'),
      announced_at: Instant,
      retired_at: Instant.nullable(),
    }),
  ),
})

/** Public keys, for whoever verifies without an account. */
export function wellKnownRoutes(
  app: App,
  { jwks, peers }: Pick<GatewayDeps, 'jwks' | 'peers'>,
): void {
  const auditKeys = new Memo({ ttlMs: KNOWN_MS, load: async () => loadAuditKeys(peers) })

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
      schema: {
        tags: ['keys'],
        summary: 'Public keys of the signed checkpoints',
        response: { 200: AuditKeys },
      },
    },
    async (_request, reply) =>
      reply
        .header('cache-control', `public, max-age=${KNOWN_MS / 1_000}`)
        .send(await auditKeys.get('')),
  )
}

async function loadAuditKeys({ audit }: Peers): Promise<z.output<typeof AuditKeys>> {
  const { origin, keys } = await audit.reader.getDeploymentKeys(
    {},
    { deadline: deadlineIn(TIMEOUT_MS) },
  )
  return {
    origin,
    keys: keys.map(({ publicKey, announcedAt, retiredAt }) => ({
      public_key: publicKey.toString('base64'),
      announced_at: announcedAt,
      retired_at: retiredAt || null,
    })),
  }
}
