import { AppError, type Clock, formatMicros, parseMicros } from '@lexcustis/core'
import type { OrganizationLog } from '../checkpoint-store.js'
import { firstSince } from './first-since.js'
import { type Period, readPeriod } from './period.js'
import type { ExportReader } from './ports.js'

/** What a caller asks for; empty texts and 0 mean nothing. */
export interface ExportRequest {
  readonly from: string
  readonly to: string
  /** Size of a checkpoint that the receiver holds. */
  readonly previous: bigint
  /** The receiver holds every line of records.jsonl before this sequence. */
  readonly resumeAt: bigint
}

export interface CheckedRequest extends Pick<ExportRequest, 'previous' | 'resumeAt'> {
  /** Undefined for everything. */
  readonly period: Period | undefined
}

export interface RequestDeps {
  readonly reader: Pick<ExportReader, 'head' | 'firstFrom' | 'minimumIndex'>
  readonly clock: Clock
  readonly checkpointOfSize: (log: OrganizationLog, size: bigint) => Promise<string | undefined>
}

const END_OF_TIME = '9999-12-31T23:59:59.999999Z'

/**
 * Refuses what cannot be exported before anything is recorded. Throws INVALID_INPUT; NOT_FOUND where
 * the earlier checkpoint, or the beginning of the period, is not there.
 */
export async function readRequest(
  deps: RequestDeps,
  organizationId: string,
  asked: ExportRequest,
): Promise<CheckedRequest> {
  const { previous, resumeAt } = asked
  const period = readPeriod(asked, deps.clock)
  const head = await deps.reader.head(organizationId)
  const log = head && { organizationId, incarnation: head.incarnation }
  const size = head ? head.sequence + 1n : 0n
  if (resumeAt > size) throw new AppError('INVALID_INPUT', 'resume_at is behind the log')
  if (previous > 0n && !(log && (await deps.checkpointOfSize(log, previous)))) {
    throw new AppError('NOT_FOUND', 'there is no checkpoint of this size')
  }
  const minimum = log ? await deps.reader.minimumIndex(log) : 0n
  if (!log || minimum === 0n) return { period, previous, resumeAt }
  return { period: await afterPruning(deps.reader, log, size, minimum, period), previous, resumeAt }
}

/**
 * A pruned log exports as a range: its first record is the one that shows where the range begins.
 * Throws NOT_FOUND for a period whose beginning is gone.
 */
async function afterPruning(
  reader: RequestDeps['reader'],
  log: OrganizationLog,
  size: bigint,
  minimum: bigint,
  period: Period | undefined,
): Promise<Period> {
  const oldest = await reader.firstFrom(log, minimum)
  const oldestMicros = parseMicros(oldest?.recordedAt ?? '') ?? 0n
  const earliest = formatMicros(oldestMicros + 1n)
  if (!period) return { from: earliest, to: END_OF_TIME }
  if ((await firstSince(reader, log, period.from, size)) > minimum) return period
  throw new AppError('NOT_FOUND', `older records were pruned; a period can begin at ${earliest}`)
}
