import { AppError, isUuidV7 } from '@lexcustis/core'
import {
  type ApplyResponse,
  AuditRetentionDefinition,
  type GetPolicyResponse,
} from '@lexcustis/proto/audit'
import { type BoundService, service } from '@lexcustis/rpc'
import type { RetentionReport } from '../domain/retention/apply.js'
import type { Retention, RetentionState } from '../retention.js'

export function retentionService({
  get,
  set,
  apply,
}: Pick<Retention, 'get' | 'set' | 'apply'>): BoundService {
  return service(AuditRetentionDefinition, {
    getPolicy: async (_, call) => toState(await get((await call.tenant()).organizationId)),
    setPolicy: async ({ id, contentDays, recordDays }, call) => {
      const tenant = await call.tenant()
      if (!isUuidV7(id)) throw new AppError('INVALID_INPUT', 'id is not a UUIDv7')
      return toState(await set(tenant, { id, contentDays, recordDays }))
    },
    apply: async ({ dryRun }, call) => toReport(await apply(await call.tenant(), dryRun)),
  })
}

function toState({ policy, minimumIndex }: RetentionState): GetPolicyResponse {
  return { policy, minimumIndex }
}

function toReport({ isDryRun, content, records, heldBy }: RetentionReport): ApplyResponse {
  return {
    dryRun: isDryRun,
    contentRecords: content.records,
    contentFields: content.fields,
    records: records.count,
    minimumIndex: records.minimumIndex,
    heldBy: [...heldBy],
  }
}
