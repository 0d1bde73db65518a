import { z } from 'zod'
import { callContext } from '../adapters/peers.js'
import type { App } from '../app.js'
import type { TenantPrincipal } from '../domain/principal.js'
import { requirePermission, tenantOf } from '../plugins/access.js'
import type { GatewayDeps } from './gateway-deps.js'
import { Position } from './schemas.js'

const TIMEOUT_MS = 15_000

const NEWEST = 'Left out or 0: that of the newest checkpoint'

const Proof = z.object({ size: z.string(), hashes: z.array(z.string()).describe('base64') })

const Keys = z.object({ vkeys: z.array(z.string()).describe('C2SP vkeys, announced and in use') })

/** What lets somebody outside check the log: passed through to the audit service as it is. */
export function registerAuditProofs(
  app: App,
  { peers, tokens }: Pick<GatewayDeps, 'peers' | 'tokens'>,
): void {
  const { reader } = peers.audit
  const contextOf = async (principal: TenantPrincipal) =>
    callContext(tokens, principal, 'audit', { timeoutMs: TIMEOUT_MS })

  app.get(
    '/api/v1/audit/checkpoint',
    {
      ...requirePermission('audit.proofs'),
      schema: {
        tags: ['audit'],
        summary: 'The newest signed checkpoint, a C2SP note',
        produces: ['text/plain'],
      },
    },
    async (request, reply) => {
      const { note } = await reader.getCheckpoint({}, await contextOf(tenantOf(request)))
      return reply.type('text/plain; charset=utf-8').send(note)
    },
  )

  app.get(
    '/api/v1/audit/proofs/inclusion',
    {
      ...requirePermission('audit.proofs'),
      schema: {
        tags: ['audit'],
        summary: 'RFC 6962 audit path of one record',
        querystring: z.object({ sequence: Position, size: Position.optional().describe(NEWEST) }),
        response: { 200: Proof },
      },
    },
    async (request) => {
      const { sequence, size = 0n } = request.query
      const context = await contextOf(tenantOf(request))
      return toProof(await reader.getInclusionProof({ sequence, size }, context))
    },
  )

  app.get(
    '/api/v1/audit/proofs/consistency',
    {
      ...requirePermission('audit.proofs'),
      schema: {
        tags: ['audit'],
        summary: 'RFC 6962 consistency proof between two sizes',
        querystring: z.object({ from: Position, to: Position.optional().describe(NEWEST) }),
        response: { 200: Proof },
      },
    },
    async (request) => {
      const { from, to = 0n } = request.query
      const context = await contextOf(tenantOf(request))
      return toProof(await reader.getConsistencyProof({ from, to }, context))
    },
  )

  app.get(
    '/api/v1/audit/keys',
    {
      ...requirePermission('audit.proofs'),
      schema: {
        tags: ['audit'],
        summary: 'Keys that sign the checkpoints of the organisation',
        response: { 200: Keys },
      },
    },
    async (request) => {
      const { vkeys } = await reader.getKeys({}, await contextOf(tenantOf(request)))
      return { vkeys }
    },
  )
}

function toProof({ size, hashes }: { size: bigint; hashes: readonly Buffer[] }) {
  return { size: String(size), hashes: hashes.map((hash) => hash.toString('base64')) }
}
