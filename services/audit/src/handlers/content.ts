import { AppError, isUuidV7, type TenantContext } from '@lexcustis/core'
import { AuditContentDefinition, ContentState } from '@lexcustis/proto/audit'
import { type BoundService, service } from '@lexcustis/rpc'
import type { ContentItem } from '../domain/content.js'
import { toFieldMessage } from './committed-field.js'

export interface ContentServiceDeps {
  readonly readContent: (tenant: TenantContext, id: string) => Promise<readonly ContentItem[]>
}

export function contentService({ readContent }: ContentServiceDeps): BoundService {
  return service(AuditContentDefinition, {
    getContent: async ({ id }, call) => {
      const tenant = await call.tenant()
      if (!isUuidV7(id)) throw new AppError('INVALID_INPUT', 'id is not a UUIDv7')
      const items = await readContent(tenant, id)
      return {
        items: items.map((item) => ({
          field: toFieldMessage(item.field),
          state: stateOf(item),
          value: item.value ?? '',
          erasedBy: item.erasedBy?.id ?? '',
          erasedBySequence: item.erasedBy?.sequence,
        })),
      }
    },
  })
}

function stateOf({ value, erasedBy }: ContentItem): ContentState {
  if (erasedBy) return ContentState.ERASED
  return value === undefined ? ContentState.MISSING : ContentState.PRESENT
}
