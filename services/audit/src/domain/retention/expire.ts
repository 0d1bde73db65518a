import { AppError } from '@lexcustis/core'
import type { DraftActor } from '../draft.js'
import { MAX_LISTED } from '../erasure/erasing-records.js'
import type { Eraser } from '../erasure/ports.js'
import {
  isWithin,
  readRanges,
  type SequenceRange,
  toRanges,
  writeRanges,
} from '../erasure/ranges.js'
import { derivedId } from './derived-id.js'
import { findRetentionHolds, type Hold } from './holds.js'
import type { ContentFound, RetentionReader } from './ports.js'
import { recordOnce, type RecordOnceDeps } from './record-once.js'

export interface ExpireDeps extends RecordOnceDeps {
  readonly reader: RetentionReader
  readonly eraser: Pick<Eraser, 'eraseContent'>
}

/** Content of one log that is older than the policy allows. */
export interface ExpiredContent {
  readonly organizationId: string
  readonly incarnation: string
  readonly below: bigint
  readonly approvedBy: string
}

export const LEGAL_BASIS = 'retention policy, AI Act Art. 26(6)'

/**
 * Deletes content whose time is over, in pieces: a content.expired record lists each before it goes
 * (SPEC.md, section 3). The id of a record follows from the first sequence that it lists, so whoever
 * goes on after a crash finds the record that was not executed yet. Returns what was deleted.
 */
export async function expireContent(
  deps: ExpireDeps,
  actor: DraftActor,
  part: ExpiredContent,
): Promise<ContentFound> {
  const { organizationId } = part
  let gone: ContentFound = { records: 0n, fields: 0n }
  for (let after = -1n; ;) {
    const page = await deps.reader.withContent(part, after, MAX_LISTED)
    const last = page.at(-1)
    if (last === undefined) return gone
    const held = heldIn(part, await findRetentionHolds(deps.reader, organizationId))
    const free = page.filter((sequence) => !held.has(sequence))
    if (free[0] === undefined) {
      after = last
      continue
    }
    const ranges = await authorize(deps, actor, part, free)
    const now = await executed(deps, part, ranges, page)
    gone = { records: gone.records + now.records, fields: gone.fields + now.fields }
  }
}

/** Sequences whose content open incidents hold. */
export function heldIn(
  { incarnation }: Pick<ExpiredContent, 'incarnation'>,
  holds: readonly Hold[],
): ReadonlySet<bigint> {
  const here = holds.filter((hold) => hold.isEvidence && hold.incarnation === incarnation)
  return new Set(here.map(({ sequence }) => sequence))
}

async function authorize(
  deps: ExpireDeps,
  actor: DraftActor,
  { organizationId, incarnation, approvedBy }: ExpiredContent,
  sequences: readonly bigint[],
): Promise<readonly SequenceRange[]> {
  const first = sequences[0] ?? 0n
  const head = await deps.reader.head(organizationId)
  const { attrs } = await recordOnce(deps, organizationId, actor, {
    id: derivedId(approvedBy, 'expire', incarnation, first),
    type: 'content.expired',
    attrs: {
      seqs: writeRanges(toRanges(sequences)),
      legal_basis: LEGAL_BASIS,
      approved_by: approvedBy,
      ...(head?.incarnation === incarnation ? {} : { inc: incarnation }),
    },
  })
  const ranges = readRanges(attrs['seqs'])
  if (attrs['approved_by'] !== approvedBy || !ranges || !isWithin(ranges, first)) {
    throw new AppError('INTERNAL', 'a record of the retention lists something else')
  }
  return ranges
}

/** Deletes what is listed. What an incident took hold of since stays: what is held can go later. */
async function executed(
  deps: ExpireDeps,
  part: ExpiredContent,
  ranges: readonly SequenceRange[],
  page: readonly bigint[],
): Promise<ContentFound> {
  const { organizationId, incarnation } = part
  const held = heldIn(part, await findRetentionHolds(deps.reader, organizationId))
  const going = page.filter((sequence) => isWithin(ranges, sequence) && !held.has(sequence))
  const fields = await deps.eraser.eraseContent(organizationId, incarnation, toRanges(going))
  return { records: BigInt(going.length), fields }
}
