import { AuditWriterDefinition } from '@lexcustis/proto/audit'
import { type BoundService, service } from '@lexcustis/rpc'
import { assertMayAppend } from '../domain/authority.js'
import type { Appended, Receipt } from '../domain/outcome.js'
import { actorOf, type Draft, type DraftReader } from '../domain/draft.js'
import { fromFieldMessage } from './committed-field.js'
import { toReceiptMessage } from './receipt.js'

export interface WriterDeps {
  readonly readDraft: DraftReader
  readonly append: (draft: Draft, signal?: AbortSignal) => Promise<Appended>
  /** Size of the newest checkpoint of the log that a record is in. */
  readonly checkpointSize: (receipt: Receipt) => bigint
}

export function writerService({ readDraft, append, checkpointSize }: WriterDeps): BoundService {
  return service(AuditWriterDefinition, {
    append: async ({ content, ...request }, call) => {
      const tenant = await call.tenant()
      assertMayAppend(call.caller, request.type)
      const draft = readDraft(tenant.organizationId, actorOf(tenant), {
        ...request,
        content: content.map(({ field, value }) => ({ field: fromFieldMessage(field), value })),
      })
      const { receipt, isDuplicate } = await append(draft, call.signal)
      return { receipt: toReceiptMessage(receipt, checkpointSize(receipt)), duplicate: isDuplicate }
    },
  })
}
