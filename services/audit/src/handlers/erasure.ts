import { AppError, isUuidV7, type TenantContext } from '@lexcustis/core'
import { type CommittedField, COMMITTED_FIELDS } from '@lexcustis/evidence'
import {
  AuditErasureDefinition,
  type CommittedField as FieldMessage,
  type EraseSubjectRequest,
  type EraseSubjectResponse,
  type Receipt as ReceiptMessage,
} from '@lexcustis/proto/audit'
import { type BoundService, service } from '@lexcustis/rpc'
import type { ApprovalInput } from '../domain/erasure/approval.js'
import type { ErasureReport } from '../domain/erasure/report.js'
import type { ErasureRequest } from '../domain/erasure/request.js'
import type { Receipt } from '../domain/outcome.js'
import { fromFieldMessage } from './committed-field.js'
import { toReceiptMessage } from './receipt.js'

export interface ErasureServiceDeps {
  readonly approve: (tenant: TenantContext, input: ApprovalInput) => Promise<Receipt>
  readonly erase: (tenant: TenantContext, request: ErasureRequest) => Promise<ErasureReport>
  /** Size of the newest checkpoint of the log that a record is in. */
  readonly checkpointSize: (receipt: Receipt) => bigint
}

export function erasureService(deps: ErasureServiceDeps): BoundService {
  const { approve, erase, checkpointSize } = deps
  const toMessage = (receipt: Receipt) => toReceiptMessage(receipt, checkpointSize(receipt))
  return service(AuditErasureDefinition, {
    approveErasure: async (request, call) => {
      const tenant = await call.tenant()
      if (!isUuidV7(request.id)) throw new AppError('INVALID_INPUT', 'id is not a UUIDv7')
      return { receipt: toMessage(await approve(tenant, request)) }
    },
    eraseSubject: async (request, call) => {
      const tenant = await call.tenant()
      const report = await erase(tenant, fromRequest(request))
      return toResponse(report, report.receipts.map(toMessage))
    },
  })
}

function fromRequest({ fields, dryRun, ...request }: EraseSubjectRequest): ErasureRequest {
  const { id, subjectId, legalBasis, approvedBy } = request
  return {
    id,
    subjectId,
    legalBasis,
    approvedBy,
    fields: fields.length === 0 ? undefined : fields.map(readField),
    isDryRun: dryRun,
  }
}

function readField(message: FieldMessage): CommittedField {
  const field = fromFieldMessage(message)
  if (field !== undefined) return field
  const known = COMMITTED_FIELDS.join(', ')
  throw new AppError('INVALID_INPUT', `fields has something besides ${known}`)
}

function toResponse(report: ErasureReport, receipts: ReceiptMessage[]): EraseSubjectResponse {
  return {
    receipt: receipts.at(-1),
    receipts,
    erasedRecords: report.erasedRecords,
    erasedFields: report.erasedFields,
    dryRun: report.isDryRun,
    heldBy: [...report.heldBy],
    documents: [...report.documents],
    copies: [...report.copies],
    completeAfter: report.completeAfter ?? '',
  }
}
