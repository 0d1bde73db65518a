import { AppError, type TenantContext } from '@lexcustis/core'
import { AuditRetentionDefinition, type RetentionPolicy } from '@lexcustis/proto/audit'
import { type BoundService, service } from '@lexcustis/rpc'

/** What was asked of the retention, and by whom. */
export interface RetentionCalls {
  readonly policies: Map<string, RetentionPolicy>
  readonly runs: { dryRun: boolean; tenant: TenantContext }[]
}

/** The retention of the audit service as it looks from the gateway. */
export function retentionNeighbour({ policies, runs }: RetentionCalls): BoundService {
  const stateOf = ({ organizationId }: TenantContext) => {
    const policy = policies.get(organizationId) ?? { approvedBy: '' }
    return { policy, minimumIndex: policies.has(organizationId) ? 2n ** 53n : 0n }
  }
  return service(AuditRetentionDefinition, {
    getPolicy: async (_, call) => stateOf(await call.tenant()),
    setPolicy: async ({ id, contentDays, recordDays }, call) => {
      const tenant = await call.tenant()
      if (contentDays !== undefined && contentDays < 184) {
        throw new AppError('INVALID_INPUT', 'less than six months (AI Act, Art. 19(1) and 26(6))')
      }
      policies.set(tenant.organizationId, { contentDays, recordDays, approvedBy: id })
      return stateOf(tenant)
    },
    apply: async ({ dryRun }, call) => {
      runs.push({ dryRun, tenant: await call.tenant() })
      return {
        dryRun,
        contentRecords: 7n,
        contentFields: 9n,
        records: 2n ** 54n,
        minimumIndex: 2n ** 55n,
        heldBy: ['i-7'],
      }
    },
  })
}
