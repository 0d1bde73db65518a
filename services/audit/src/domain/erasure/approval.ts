import {
  AppError,
  type Clock,
  formatMicros,
  parseMicros,
  type TenantContext,
} from '@lexcustis/core'
import type { Envelope } from '@lexcustis/evidence'
import { actorOf, type Draft, type DraftReader } from '../draft.js'
import type { Appended, Receipt } from '../outcome.js'
import { envelopeOf } from '../same-record.js'
import type { ApprovalClaims, ErasureReader } from './ports.js'
import { receiptOf } from './receipt-of.js'
import { assertPerson, assertSubject, type ErasureRequest } from './request.js'

export interface ApprovalDeps {
  readonly reader: ErasureReader
  readonly readDraft: DraftReader
  readonly append: (draft: Draft) => Promise<Appended>
  readonly clock: Clock
}

export interface ApprovalInput {
  readonly id: string
  readonly subjectId: string
  /** Empty when not said. */
  readonly rationale: string
}

const MAX_AGE_MICROS = 30n * 86_400_000_000n

/** Records that one person agrees to the erasure of another's content. */
export async function approveErasure(
  deps: ApprovalDeps,
  tenant: TenantContext,
  { id, subjectId, rationale }: ApprovalInput,
): Promise<Receipt> {
  const { organizationId } = tenant
  assertPerson(tenant, ['admin', 'reviewer'])
  assertSubject(subjectId)
  const pid = await deps.reader.pidOf(organizationId, subjectId)
  if (pid === undefined) throw nothingRecorded()
  const draft = deps.readDraft(organizationId, actorOf(tenant), {
    id,
    type: 'oversight.decided',
    occurredAt: formatMicros(deps.clock.nowMicros()),
    ref: '',
    trace: '',
    attrsJson: JSON.stringify({ decision: 'accept', purpose: 'erasure', subject: pid }),
    content: rationale === '' ? [] : [{ field: 'rationale', value: rationale }],
  })
  try {
    return (await deps.append(draft)).receipt
  } catch (error) {
    if (AppError.from(error).reason !== 'CONFLICT') throw error
    return await repeatedApproval(deps.reader, tenant, draft, error)
  }
}

/** The same approval again differs in its time only: the first one stands. */
async function repeatedApproval(
  reader: ErasureReader,
  { organizationId, userId }: TenantContext,
  draft: Draft,
  conflict: unknown,
): Promise<Receipt> {
  const entry = await reader.byId(organizationId, draft.id)
  const envelope = entry && envelopeOf(entry)
  if (!envelope || subjectOfApproval(envelope) === undefined) throw conflict
  const sameSubject = draft.attrs.includes(`"${subjectOfApproval(envelope) ?? ''}"`)
  const samePerson = envelope.actor.pid === (await reader.pidOf(organizationId, userId))
  if (!sameSubject || !samePerson) throw conflict
  return receiptOf(organizationId, entry)
}

export interface Approved {
  /** Of whose content. */
  readonly pid: string
  /** This very request used the approval before: it is being completed, or told what it did. */
  readonly isRepeated: boolean
}

/**
 * What the approval allows to this request. NOT_FOUND without such an approval or such a subject,
 * INVALID_INPUT when it is about somebody else or no approval, CONFLICT when it is the caller's own,
 * too old or used.
 */
export async function readApproval(
  deps: Pick<ApprovalDeps, 'reader' | 'clock'> & { readonly claims: ApprovalClaims },
  tenant: TenantContext,
  request: ErasureRequest,
): Promise<Approved> {
  const { organizationId } = tenant
  const envelope = await findApproval(deps.reader, organizationId, request.approvedBy)
  const pid = subjectOfApproval(envelope)
  if (pid === undefined) {
    throw new AppError('INVALID_INPUT', 'approved_by is not an approval of an erasure')
  }
  const usedBy = await deps.claims.find(organizationId, request.approvedBy)
  if (usedBy !== undefined && usedBy !== request.id) throw usedBefore()
  await assertSamePerson(deps.reader, organizationId, request, pid, usedBy !== undefined)
  await assertOtherPerson(deps.reader, tenant, envelope)
  // Who agreed in time may be asked to finish later.
  if (usedBy === undefined) assertFresh(envelope, deps.clock)
  return { pid, isRepeated: usedBy !== undefined }
}

async function findApproval(
  reader: ErasureReader,
  organizationId: string,
  id: string,
): Promise<Envelope> {
  const entry = await reader.byId(organizationId, id)
  if (!entry) throw new AppError('NOT_FOUND', 'there is no such approval')
  const envelope = envelopeOf(entry)
  if (!envelope) throw new AppError('INTERNAL', 'the record of the approval is damaged')
  return envelope
}

/** Pseudonym that an approval of an erasure is about; undefined when the record is anything else. */
function subjectOfApproval({ type, attrs, actor }: Envelope): string | undefined {
  const { decision, purpose, subject } = attrs
  const isApproval = type === 'oversight.decided' && decision === 'accept' && purpose === 'erasure'
  return isApproval && actor.kind === 'user' && typeof subject === 'string' ? subject : undefined
}

async function assertSamePerson(
  reader: ErasureReader,
  organizationId: string,
  { subjectId }: ErasureRequest,
  pid: string,
  isRepeated: boolean,
): Promise<void> {
  const [known, owner] = await Promise.all([
    reader.pidOf(organizationId, subjectId),
    reader.subjectOf(organizationId, pid),
  ])
  // Once the mapping is gone nobody can tell whose the pseudonym was, and nobody needs to.
  if (known === pid || (isRepeated && owner === undefined)) return
  if (known === undefined) throw nothingRecorded()
  throw new AppError('INVALID_INPUT', 'the approval is about another person')
}

async function assertOtherPerson(
  reader: ErasureReader,
  { organizationId, userId }: TenantContext,
  { actor }: Envelope,
): Promise<void> {
  const caller = await reader.pidOf(organizationId, userId)
  if (actor.pid !== undefined && actor.pid !== caller) return
  throw new AppError('CONFLICT', 'the approval must be another person’s than the one who erases')
}

function assertFresh({ recorded_at: recordedAt }: Envelope, clock: Clock): void {
  const approvedMicros = parseMicros(recordedAt)
  const isFresh =
    approvedMicros !== undefined && clock.nowMicros() - approvedMicros <= MAX_AGE_MICROS
  if (!isFresh) throw new AppError('CONFLICT', 'the approval is older than 30 days')
}

function usedBefore(): AppError {
  return new AppError('CONFLICT', 'this approval was used before')
}

function nothingRecorded(): AppError {
  return new AppError('NOT_FOUND', 'nothing is recorded about this person')
}
