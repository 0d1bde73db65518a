import { AppError, type TenantContext } from '@lexcustis/core'
import { readApproval } from './approval.js'
import {
  authorize,
  type ErasingDeps,
  type ErasingRecord,
  readErasingRecords,
} from './erasing-records.js'
import { assertNotHeld } from './holds.js'
import type { ApprovalClaims, ContentScope, Eraser } from './ports.js'
import { type ErasureReport, preview, report, type ReportDeps } from './report.js'
import { assertPerson, checkRequest, type ErasureRequest } from './request.js'

export interface ErasureDeps extends ErasingDeps, ReportDeps {
  readonly claims: ApprovalClaims
  readonly eraser: Eraser
}

const MAX_ROUNDS = 3

/**
 * Erases a person's content (GDPR, Art. 17; SPEC.md, section 3). Every step may be the last one: the
 * same request again finds what is done and does the rest.
 *
 * 1. nothing happens while an open incident holds any of it;
 * 2. the approval is spent on this request;
 * 3. records list what is to be erased: from then on a verifier demands that it is gone;
 * 4. the pseudonym is cut off, so that no more content can come under it, and what came in between is
 *    listed as well;
 * 5. ciphertexts and salts go, and when none is left, the key.
 *
 * With `fields`, key and pseudonym stay and step 4 is left out.
 */
export async function eraseSubject(
  deps: ErasureDeps,
  tenant: TenantContext,
  input: ErasureRequest,
): Promise<ErasureReport> {
  assertPerson(tenant, ['admin'])
  const request = checkRequest(input)
  if (request.isDryRun) return previewOf(deps, tenant, request)
  const { organizationId } = tenant
  const { pid } = await readApproval(deps, tenant, request)
  const started = await readErasingRecords(deps.reader, organizationId, request)
  await assertNotHeld(deps.reader, organizationId, scopeOf(request, pid, started))
  await deps.claims.take(organizationId, request.approvedBy, request.id)
  const records = await erase(deps, tenant, request, pid)
  return report(deps, organizationId, pid, request, records, deps.clock.nowMicros())
}

async function previewOf(
  deps: ErasureDeps,
  tenant: TenantContext,
  request: ErasureRequest,
): Promise<ErasureReport> {
  const { organizationId } = tenant
  if (request.approvedBy !== '') await readApproval(deps, tenant, request)
  const pid = await deps.reader.pidOf(organizationId, request.subjectId)
  if (pid === undefined) throw new AppError('NOT_FOUND', 'nothing is recorded about this person')
  return preview(deps, organizationId, pid, request)
}

async function erase(
  deps: ErasureDeps,
  tenant: TenantContext,
  request: ErasureRequest,
  pid: string,
): Promise<readonly ErasingRecord[]> {
  const { organizationId } = tenant
  const { eraser } = deps
  for (let round = 1; round <= MAX_ROUNDS; round += 1) {
    let records = await authorize(deps, tenant, request, pid, 'beginning')
    if (request.fields === undefined) {
      await eraser.forgetSubject(organizationId, pid)
      records = await authorize(deps, tenant, request, pid, 'end')
    }
    await deleteListed(deps, organizationId, request, pid, records)
    if (request.fields !== undefined || (await eraser.deleteKey(organizationId, pid))) {
      return records
    }
  }
  const message = 'content of this person is still being written; try again'
  throw new AppError('UNAVAILABLE', message, { retryAfterMs: 1_000 })
}

async function deleteListed(
  { eraser, reader }: ErasureDeps,
  organizationId: string,
  request: ErasureRequest,
  pid: string,
  records: readonly ErasingRecord[],
): Promise<void> {
  // An incident may have been opened since. What is gone cannot be held; what is held can go later.
  await assertNotHeld(reader, organizationId, scopeOf(request, pid, records))
  for (const { incarnation, ranges } of records) {
    await eraser.eraseContent(organizationId, incarnation, ranges, request.fields)
  }
}

/** What the request may erase: some fields only of what was there when it began. */
function scopeOf(
  { fields }: ErasureRequest,
  pid: string,
  records: readonly ErasingRecord[],
): ContentScope {
  return { pid, fields, before: fields && records[0]?.receipt }
}
