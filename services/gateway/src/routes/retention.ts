import { uuidv7 } from '@lexcustis/core'
import type { GetPolicyResponse } from '@lexcustis/proto/audit'
import { z } from 'zod'
import { callContext } from '../adapters/peers.js'
import type { App } from '../app.js'
import type { TenantPrincipal } from '../domain/principal.js'
import { requirePermission, tenantOf } from '../plugins/access.js'
import type { GatewayDeps } from './gateway-deps.js'

const TIMEOUT_MS = 15_000
/** A long run that is cut off goes on with the next one, at the latest the next day. */
const RUN_TIMEOUT_MS = 120_000

/** How few and how many is for the audit service to say: it names the article of the law. */
const Days = z
  .int('is not a number of days')
  .min(0, 'is less than 0')
  .max(1_000_000, 'is too large')

const Policy = z.strictObject({
  content_days: Days.nullable().describe('184 to 36 500; null: content is kept for ever'),
  records_days: Days.nullable().describe(
    'Not less than content_days; null: records are kept for ever',
  ),
})

const Retention = z.object({
  content_days: z.int().nullable(),
  records_days: z.int().nullable(),
  approved_by: z.string().nullable().describe('Id of the settings.changed record; null: never set'),
  minimum_index: z.string().describe('Where the log begins since it was pruned; "0": it never was'),
})

const Run = z.object({
  dry_run: z.boolean(),
  content: z.object({ records: z.string(), fields: z.string() }),
  records: z.object({ count: z.string(), minimum_index: z.string() }),
  held: z.array(z.string()).describe('Open incidents that hold something whose time is over'),
})

/** `/api/v1/audit/retention`: how long content and records are kept (AI Act, Art. 19 and 26(6)). */
export function retentionRoutes(app: App, deps: Pick<GatewayDeps, 'peers' | 'tokens'>): void {
  const { retention } = deps.peers.audit
  const contextOf = async (principal: TenantPrincipal, timeoutMs = TIMEOUT_MS) =>
    callContext(deps.tokens, principal, 'audit', { timeoutMs })

  app.get(
    '/api/v1/audit/retention',
    {
      ...requirePermission('retention.read'),
      schema: {
        tags: ['retention'],
        summary: 'How long content and records are kept, and where the log begins',
        response: { 200: Retention },
      },
    },
    async (request) =>
      toRetention(await retention.getPolicy({}, await contextOf(tenantOf(request)))),
  )

  app.put(
    '/api/v1/audit/retention',
    {
      ...requirePermission('retention.write'),
      schema: {
        tags: ['retention'],
        summary: 'Set how long content and records are kept; never under six months',
        body: Policy,
        response: { 200: Retention },
      },
    },
    async (request) => {
      const { content_days: contentDays, records_days: recordDays } = request.body
      // The audit service records the change itself, before it holds.
      const policy = {
        id: uuidv7(),
        contentDays: contentDays ?? undefined,
        recordDays: recordDays ?? undefined,
      }
      return toRetention(await retention.setPolicy(policy, await contextOf(tenantOf(request))))
    },
  )

  app.post(
    '/api/v1/audit/retention/runs',
    {
      ...requirePermission('retention.write'),
      schema: {
        tags: ['retention'],
        summary: 'Delete what the policy says is over, or say what that would be',
        body: z.strictObject({ dry_run: z.boolean() }),
        response: { 200: Run },
      },
    },
    async (request) => {
      const { dry_run: dryRun } = request.body
      const context = await contextOf(tenantOf(request), RUN_TIMEOUT_MS)
      const report = await retention.apply({ dryRun }, context)
      return {
        dry_run: report.dryRun,
        content: {
          records: String(report.contentRecords),
          fields: String(report.contentFields),
        },
        records: {
          count: String(report.records),
          minimum_index: String(report.minimumIndex),
        },
        held: report.heldBy,
      }
    },
  )
}

function toRetention({ policy, minimumIndex }: GetPolicyResponse): z.infer<typeof Retention> {
  return {
    content_days: policy?.contentDays ?? null,
    records_days: policy?.recordDays ?? null,
    approved_by: policy?.approvedBy ? policy.approvedBy : null,
    minimum_index: String(minimumIndex),
  }
}
