import { AppError, type TenantContext } from '@lexcustis/core'
import { actorOf } from '../draft.js'
import { assertPerson } from '../erasure/request.js'
import { checkDays, type RetentionDays, type RetentionPolicy } from './policy.js'
import type { RetentionReader, RetentionStore } from './ports.js'
import { recordOnce, type RecordOnceDeps } from './record-once.js'

export interface SetPolicyDeps extends RecordOnceDeps {
  readonly reader: RetentionReader
  readonly store: RetentionStore
}

export interface SetPolicyInput extends RetentionDays {
  /** UUIDv7: idempotency key and id of the settings.changed record. */
  readonly id: string
}

const SETTINGS = ['retention.content_days', 'retention.record_days'] as const

/** Sets how long an organisation keeps its log, once that is recorded. INVALID_INPUT under six months. */
export async function setPolicy(
  deps: SetPolicyDeps,
  tenant: TenantContext,
  { id, ...days }: SetPolicyInput,
): Promise<RetentionPolicy> {
  assertPerson(tenant, ['admin'])
  checkDays(days)
  const { organizationId } = tenant
  const version = versionOf(days)
  const { attrs } = await recordOnce(deps, organizationId, actorOf(tenant), {
    id,
    type: 'settings.changed',
    attrs: { changed: SETTINGS, version },
  })
  if (attrs['version'] !== version) throw new AppError('CONFLICT', 'another request has this id')
  await deps.store.keepPolicy(organizationId, days, id)
  return { ...days, approvedBy: id }
}

/** Both values, so that the log alone says what was in force: `content 184 record 365`. */
function versionOf({ contentDays, recordDays }: RetentionDays): string {
  return `content ${contentDays ?? 'unlimited'} record ${recordDays ?? 'unlimited'}`
}
