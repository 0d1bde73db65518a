import { unimplemented } from '@lexcustis/rpc'
import { z } from 'zod'
import { callContext } from '../adapters/peers.js'
import type { App } from '../app.js'
import type { TenantPrincipal } from '../domain/principal.js'
import { requirePermission, tenantOf } from '../plugins/access.js'
import type { GatewayDeps } from './gateway-deps.js'

const TIMEOUT_MS = 15_000

const Position = z
  .string()
  .regex(/^(?:0|[1-9]\d{0,18})$/, 'is not a position in the log')
  .transform(BigInt)

const Proof = z.object({ size: z.string(), hashes: z.array(z.string()).describe('base64') })

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
      schema: { tags: ['audit'], summary: 'The newest signed checkpoint, a C2SP note' },
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
        querystring: z.object({ sequence: Position, size: Position }),
        response: { 200: Proof },
      },
    },
    async (request) =>
      toProof(await reader.getInclusionProof(request.query, await contextOf(tenantOf(request)))),
  )

  app.get(
    '/api/v1/audit/proofs/consistency',
    {
      ...requirePermission('audit.proofs'),
      schema: {
        tags: ['audit'],
        summary: 'RFC 6962 consistency proof between two sizes',
        querystring: z.object({ from: Position, to: Position }),
        response: { 200: Proof },
      },
    },
    async (request) =>
      toProof(await reader.getConsistencyProof(request.query, await contextOf(tenantOf(request)))),
  )

  app.get(
    '/api/v1/audit/keys',
    {
      ...requirePermission('audit.proofs'),
      schema: { tags: ['audit'], summary: 'Keys that sign the checkpoints of the organisation' },
    },
    async () => unimplemented('signed checkpoints'),
  )

  app.get(
    '/api/v1/audit/export',
    {
      ...requirePermission('audit.verify'),
      schema: { tags: ['audit'], summary: 'The log as a bundle that can be verified offline' },
    },
    async () => unimplemented('the export of the log'),
  )
}

function toProof({ size, hashes }: { size: bigint; hashes: readonly Buffer[] }) {
  return { size: String(size), hashes: hashes.map((hash) => hash.toString('base64')) }
}
