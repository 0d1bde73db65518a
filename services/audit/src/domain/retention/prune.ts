import { AppError } from '@lexcustis/core'
import { TILE_WIDTH } from '@lexcustis/evidence'
import type { OrganizationLog } from '../checkpoint-store.js'
import { SYSTEM } from '../draft.js'
import { cutoff, firstSince } from './age.js'
import { derivedId } from './derived-id.js'
import { findRetentionHolds } from './holds.js'
import type { Pruner, Pruning, RetentionReader, RetentionStore } from './ports.js'
import { type ProveSignedDeps, proveSigned, type SignedRoot } from './prove-signed.js'
import { recordOnce, type RecordOnceDeps } from './record-once.js'

export interface PruneDeps extends RecordOnceDeps, ProveSignedDeps {
  readonly reader: RetentionReader
  readonly store: RetentionStore
  readonly pruner: Pruner
  readonly checkpoints: PruningCheckpoints
}

/** What is signed of a log. */
export interface PruningCheckpoints {
  /** The newest, checked; undefined when there is none. Throws when it is not one of ours. */
  newest(log: OrganizationLog): Promise<SignedRoot | undefined>
  /** Signs until a record is covered. Returns the note. Throws UNAVAILABLE. */
  covering(log: OrganizationLog, sequence: bigint): Promise<string>
}

/** What a policy says about the records of an organisation's newest log. */
export interface RecordRule {
  readonly log: OrganizationLog
  readonly recordDays: number
  readonly approvedBy: string
}

const WIDTH = BigInt(TILE_WIDTH)
/** Newest records that always stay: whoever appends checks its keys against the last few. */
const TAIL = 32n

export const PRUNED_SETTINGS = ['retention.minimum_index', 'retention.kept_records'] as const

/** What the announcing record says: `512/7`, the minimum index and how many records below it stay. */
export function pruningVersion({
  minimumIndex,
  keptRecords,
}: Pick<Pruning, 'minimumIndex' | 'keptRecords'>): string {
  return `${minimumIndex}/${keptRecords}`
}

/**
 * The minimum index that a log may have: every record below is old enough, signed, held by no open
 * incident, and no chat that still waits for its end. 0 when none may go.
 */
export async function findMinimumIndex(
  deps: Pick<PruneDeps, 'reader' | 'checkpoints' | 'clock'>,
  { log, recordDays }: RecordRule,
): Promise<bigint> {
  const { organizationId, incarnation } = log
  const signed = await deps.checkpoints.newest(log)
  if (!signed || signed.size <= TAIL) return 0n
  const time = cutoff(deps.clock, recordDays)
  const young = await firstSince(deps.reader, organizationId, incarnation, time)
  const holds = await findRetentionHolds(deps.reader, organizationId)
  const held = holds.filter((hold) => hold.incarnation === incarnation)
  const range = { after: -1n, below: young }
  const [open] = await deps.reader.unfinishedStarts(organizationId, incarnation, range, 1)
  const limits = [
    signed.size - TAIL,
    young,
    ...held.map(({ sequence }) => sequence),
    ...(open ? [open.sequence] : []),
  ]
  const limit = limits.reduce((least, next) => (next < least ? next : least))
  return limit - (limit % WIDTH)
}

/**
 * Prunes a log up to a minimum index, or less when that is no longer allowed. Every step may be the last
 * one; the next run does the rest.
 *
 * 1. what an earlier run published and did not finish is deleted;
 * 2. the records are proven to be the signed ones, and their leaves to be kept in tiles;
 * 3. a record announces the minimum index, and a checkpoint that covers it is signed;
 * 4. the minimum index is published, and only then
 * 5. records below it go, but for those that are never pruned.
 *
 * Returns how many are gone.
 */
export async function pruneLog(deps: PruneDeps, rule: RecordRule, atMost: bigint): Promise<bigint> {
  const { log } = rule
  const gone = await finishPruning(deps, log)
  const known = await deps.reader.pruning(log.organizationId, log.incarnation)
  const allowed = await findMinimumIndex(deps, rule)
  const to = allowed < atMost ? allowed : atMost
  const from = known?.minimumIndex ?? 0n
  if (to <= from) return gone
  const { organizationId, incarnation } = log
  const left = await deps.reader.countContent({ organizationId, incarnation, below: to })
  if (left.records > 0n) return gone
  const signed = await deps.checkpoints.newest(log)
  if (!signed || signed.size < to) return gone
  const time = cutoff(deps.clock, rule.recordDays)
  const previousMac = await proveSigned(deps, log, { from, to, cutoff: time }, signed)
  const announced = await announce(deps, rule, to, previousMac)
  // Signing takes its time. An incident opened meanwhile holds; a later run publishes what stands there.
  if ((await findMinimumIndex(deps, rule)) < to) return gone
  await deps.store.publish(organizationId, incarnation, announced)
  return gone + (await finishPruning(deps, log))
}

/** Deletes what is published as pruned. */
export async function finishPruning(
  { reader, pruner }: Pick<PruneDeps, 'reader' | 'pruner'>,
  { organizationId, incarnation }: OrganizationLog,
): Promise<bigint> {
  const known = await reader.pruning(organizationId, incarnation)
  if (!known) return 0n
  return pruner.deleteBelow({ organizationId, incarnation, below: known.minimumIndex })
}

async function announce(
  deps: PruneDeps,
  { log, approvedBy }: RecordRule,
  minimumIndex: bigint,
  previousMac: Buffer,
): Promise<Pruning> {
  const { organizationId, incarnation } = log
  const part = { organizationId, incarnation, below: minimumIndex }
  const { kept: keptRecords } = await deps.reader.countRecords(part)
  const id = derivedId(approvedBy, 'prune', incarnation, minimumIndex)
  const version = pruningVersion({ minimumIndex, keptRecords })
  // The service's own record, whoever asked for the run: nobody can append one like it.
  const { entry, attrs } = await recordOnce(deps, organizationId, SYSTEM, {
    id,
    type: 'settings.changed',
    ref: approvedBy,
    attrs: { changed: PRUNED_SETTINGS, version },
  })
  if (attrs['version'] !== version || entry.incarnation !== incarnation) {
    throw new AppError('INTERNAL', 'a record of the retention says something else')
  }
  const note = await deps.checkpoints.covering(log, entry.sequence)
  return { minimumIndex, keptRecords, previousMac, recordId: id, note }
}
