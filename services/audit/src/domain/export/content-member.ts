import { AppError } from '@lexcustis/core'
import type { OrganizationLog } from '../checkpoint-store.js'
import type { ContentLines } from './content-lines.js'
import type { ErasureLedger } from './erasure-ledger.js'
import type { Part } from './member-writer.js'
import { boundariesOf, endWithin, type Plan } from './plan.js'
import type { ExportReader } from './ports.js'

/** The newest checkpoint of a log. */
export interface SignedCheckpoint {
  readonly log: OrganizationLog
  readonly size: bigint
  readonly note: string
}

export interface ContentMemberDeps {
  readonly reader: Pick<ExportReader, 'head' | 'firstFrom'>
  readonly plan: Plan
  readonly content: ContentLines
  readonly ledger: ErasureLedger
  /** A checkpoint that covers a record. */
  readonly covering: (sequence: bigint) => Promise<SignedCheckpoint>
}

/** Times that what was appended meanwhile is read as well, before the checkpoint is made. */
const MAX_LAPS = 8

/** What was decided while content was read. */
export interface Closed {
  readonly checkpoint: SignedCheckpoint
  readonly end: bigint
}

/**
 * content.jsonl. The checkpoint is made after content was read, so that whatever erased some of it is
 * proven. What is appended between is read behind it: on a busy system some always is.
 */
export async function* contentMember(
  deps: ContentMemberDeps,
  onClosed: (closed: Closed) => void,
): AsyncGenerator<Part> {
  const { reader, plan, content, ledger } = deps
  const { first } = plan
  let at = first
  // What was erased before is known before the first line.
  await ledger.refresh(content.written)
  if (first > 0n) yield* parts(content.besideLines(first - 1n))
  let newest = -1n
  for (let lap = 0; lap < MAX_LAPS; lap += 1) {
    const head = await headOf(reader, plan.log)
    if (head === newest) break
    newest = head
    const end = await endWithin(reader, plan, newest + 1n)
    yield* parts(content.lines(at, end))
    at = end > at ? end : at
    await ledger.refresh(content.written)
  }
  const checkpoint = await deps.covering(await headOf(reader, plan.log))
  ledger.closeAt(checkpoint.size)
  const end = await endWithin(reader, plan, checkpoint.size)
  yield* parts(content.lines(at, end))
  await ledger.refresh(content.written)
  const { after } = boundariesOf(first, end, checkpoint.size)
  if (after !== undefined) yield* parts(content.besideLines(after))
  onClosed({ checkpoint, end })
}

async function headOf(
  reader: Pick<ExportReader, 'head'>,
  { organizationId, incarnation }: OrganizationLog,
): Promise<bigint> {
  const head = await reader.head(organizationId)
  if (head?.incarnation === incarnation) return head.sequence
  throw new AppError('UNAVAILABLE', 'the log was started anew meanwhile; export it again')
}

async function* parts(lines: AsyncIterable<string>): AsyncGenerator<Part> {
  for await (const text of lines) yield { text }
}
