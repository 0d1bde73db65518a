import { createHash } from 'node:crypto'
import { uuidBytes, uuidv7 } from '@lexcustis/core'
import { z } from 'zod'
import { callContext } from '../adapters/peers.js'
import type { App } from '../app.js'
import type { TenantPrincipal } from '../domain/principal.js'
import { requirePermission, tenantOf } from '../plugins/access.js'
import type { GatewayDeps } from './gateway-deps.js'
import { IdParams, readId } from './schemas.js'
import {
  approvalOf,
  ErasureReport,
  FieldName,
  type FoundElsewhere,
  toErasureReport,
  toFieldMessages,
} from './subject-view.js'

type Deps = Pick<GatewayDeps, 'peers' | 'tokens' | 'accounts' | 'keys'>

const APPROVE_TIMEOUT_MS = 15_000
/** A long erasure that is cut off goes on with the next call. */
const ERASE_TIMEOUT_MS = 120_000
const KEYS_PER_PAGE = 200

const ApprovalBody = z.strictObject({
  rationale: z.string().max(4_000, 'has more than 4 000 characters').optional(),
})

const ErasureBody = z
  .strictObject({
    legal_basis: z
      .string()
      .trim()
      .min(1, 'is empty')
      .max(256, 'has more than 256 characters')
      .optional()
      .describe('For example "GDPR Art. 17(1)(a)"; needed unless it is a dry run'),
    approved_by: z
      .uuid({ error: 'is not an id' })
      .optional()
      .describe('The approval of a second person; without it this is a dry run'),
    fields: z
      .array(FieldName)
      .min(1, 'names no field')
      .optional()
      .describe('Only these; left out: everything, the data key and the pseudonym included'),
    dry_run: z.boolean().optional(),
  })
  .refine((body) => isDryRun(body) || body.legal_basis !== undefined, {
    path: ['legal_basis'],
    error: 'is missing',
  })

/** `/api/v1/subjects/{id}/erasure`: GDPR, Art. 17. A subject is a user or an API key. */
export function subjectsRoutes(app: App, deps: Deps): void {
  const { erasure } = deps.peers.audit
  const contextOf = async (principal: TenantPrincipal, timeoutMs: number) =>
    callContext(deps.tokens, principal, 'audit', { timeoutMs })

  app.post(
    '/api/v1/subjects/:id/erasure/approval',
    {
      ...requirePermission('subjects.approve'),
      schema: {
        tags: ['erasure'],
        summary: 'Agree that the content of a person is erased; somebody else then does it',
        params: IdParams,
        body: ApprovalBody,
        response: { 201: z.object({ approval: z.string() }) },
      },
    },
    async (request, reply) => {
      const subjectId = readId(request.params.id, 'subject')
      const { rationale = '' } = request.body
      const { receipt } = await erasure.approveErasure(
        { id: uuidv7(), subjectId, rationale },
        await contextOf(tenantOf(request), APPROVE_TIMEOUT_MS),
      )
      return reply.code(201).send({ approval: approvalOf(receipt) })
    },
  )

  app.post(
    '/api/v1/subjects/:id/erasure',
    {
      ...requirePermission('subjects.erase'),
      schema: {
        tags: ['erasure'],
        summary: 'Erase the content of a person; the same call again completes an interrupted one',
        params: IdParams,
        body: ErasureBody,
        response: { 200: ErasureReport },
      },
    },
    async (request) => {
      const principal = tenantOf(request)
      const subjectId = readId(request.params.id, 'subject')
      const { approved_by: approvedBy = '', legal_basis: legalBasis = '', fields } = request.body
      const response = await erasure.eraseSubject(
        {
          id: approvedBy === '' ? uuidv7() : requestIdOf(approvedBy),
          subjectId,
          legalBasis,
          approvedBy,
          fields: toFieldMessages(fields ?? []),
          dryRun: isDryRun(request.body),
        },
        await contextOf(principal, ERASE_TIMEOUT_MS),
      )
      return toErasureReport(response, await lookElsewhere(deps, principal, subjectId))
    },
  )
}

function isDryRun(body: {
  readonly approved_by?: string | undefined
  readonly dry_run?: boolean | undefined
}): boolean {
  return body.dry_run === true || body.approved_by === undefined
}

/**
 * An approval is good for one erasure, so it is what makes a repeated call the same one: whoever calls
 * again after a crash has nothing else to remember. In the form of a UUIDv7.
 */
function requestIdOf(approval: string): string {
  const id = createHash('sha256').update(`lexcustis/erasure-request/v1\0${approval}`).digest()
  uuidBytes(approval).copy(id, 0, 0, 6)
  id.writeUInt8(0x70 | (id.readUInt8(6) & 0x0f), 6)
  id.writeUInt8(0x80 | (id.readUInt8(8) & 0x3f), 8)
  const hex = id.toString('hex', 0, 16)
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

async function lookElsewhere(
  { accounts, keys }: Deps,
  { organizationId }: TenantPrincipal,
  subjectId: string,
): Promise<FoundElsewhere> {
  const apiKeys: string[] = []
  let after: string | undefined
  do {
    const page = await keys.list(organizationId, { limit: KEYS_PER_PAGE, after })
    const theirs = page.items.filter(({ accountId }) => accountId === subjectId)
    apiKeys.push(...theirs.map(({ id }) => id))
    after = page.nextCursor ?? undefined
  } while (after !== undefined)
  const account = await accounts.get(organizationId, subjectId)
  return { hasAccount: account !== undefined, apiKeys }
}
