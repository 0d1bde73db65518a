import { AppError, isUuidV7, type Role, type TenantContext } from '@lexcustis/core'
import { type CommittedField, COMMITTED_FIELDS } from '@lexcustis/evidence'

export interface ErasureRequest {
  /** UUIDv7: idempotency key and id of the first subject.erased record. */
  readonly id: string
  /** A user, or an API key. */
  readonly subjectId: string
  readonly legalBasis: string
  /** Id of the approval; empty for a dry run. */
  readonly approvedBy: string
  /** Undefined: everything, the pseudonym's mapping and the data key included. */
  readonly fields: readonly CommittedField[] | undefined
  readonly isDryRun: boolean
}

const MAX_SUBJECT_LENGTH = 255
const MAX_LEGAL_BASIS_LENGTH = 256

/** Throws INVALID_INPUT; fields come back once each and in the order of SPEC.md. */
export function checkRequest(request: ErasureRequest): ErasureRequest {
  const { approvedBy, fields, id, legalBasis, subjectId } = request
  if (!isUuidV7(id)) throw invalid('id is not a UUIDv7 in lower case')
  assertSubject(subjectId)
  const isPreview = request.isDryRun || approvedBy === ''
  if (!isPreview && legalBasis.trim() === '') throw invalid('legal_basis is empty')
  if (legalBasis.length > MAX_LEGAL_BASIS_LENGTH) {
    throw invalid(`legal_basis is longer than ${MAX_LEGAL_BASIS_LENGTH} characters`)
  }
  if (approvedBy !== '' && !isUuidV7(approvedBy)) {
    throw invalid('approved_by is not a UUIDv7 in lower case')
  }
  const chosen = fields && COMMITTED_FIELDS.filter((field) => fields.includes(field))
  return { ...request, fields: chosen, isDryRun: isPreview }
}

export function assertSubject(subjectId: string): void {
  const isText = subjectId !== '' && !subjectId.includes('\0')
  if (!isText || subjectId.length > MAX_SUBJECT_LENGTH) {
    throw invalid('subject_id is empty, too long or not a text')
  }
}

/** Erasing and agreeing to it are acts of people: a key could be the second person of its maker. */
export function assertPerson({ kind, userRole }: TenantContext, roles: readonly Role[]): void {
  if (kind === 'user' && roles.includes(userRole)) return
  throw new AppError('FORBIDDEN', `this is for people who are ${roles.join(' or ')}`)
}

function invalid(problem: string): AppError {
  return new AppError('INVALID_INPUT', problem)
}
