import type { OrganizationLog } from '../checkpoint-store.js'
import type { ErasingRecord, Span } from './erasure-ledger.js'
import { firstSince } from './first-since.js'
import type { Period } from './period.js'
import type { ExportReader } from './ports.js'

/** Which records a bundle is about. */
export interface Plan extends Span {
  readonly log: OrganizationLog
  /** Undefined for everything. */
  readonly period: Period | undefined
}

/** `size`: records of the log now. `now`: their last `recorded_at`. */
export async function planExport(
  reader: Pick<ExportReader, 'firstFrom'>,
  log: OrganizationLog,
  period: Period | undefined,
  { size, now }: { readonly size: bigint; readonly now: string },
): Promise<Plan> {
  if (!period) return { log, period, first: 0n, end: undefined, to: undefined }
  const { from, to } = period
  const first = await firstSince(reader, log, from, size)
  const end = now >= to ? await firstSince(reader, log, to, size) : undefined
  return { log, period, first, end, to }
}

/** Where the range ends in a log of `size` records. */
export async function endWithin(
  reader: Pick<ExportReader, 'firstFrom'>,
  { log, end, to }: Plan,
  size: bigint,
): Promise<bigint> {
  if (end !== undefined) return end
  return to === undefined ? size : firstSince(reader, log, to, size)
}

/** The two records that show where the range begins and ends, where there are such. */
export function boundariesOf(
  first: bigint,
  end: bigint,
  size: bigint,
): { readonly before: bigint | undefined; readonly after: bigint | undefined } {
  return { before: first > 0n ? first - 1n : undefined, after: end < size ? end : undefined }
}

/**
 * Records outside of the range that a verifier needs, ascending: boundaries, genesis, announcements of
 * keys, authorities of erasures (SPEC.md, section 8).
 */
export function outsideOf(
  { first, end, size }: { readonly first: bigint; readonly end: bigint; readonly size: bigint },
  keys: readonly { readonly sequence: bigint }[],
  erasures: readonly ErasingRecord[],
): bigint[] {
  const { before, after } = boundariesOf(first, end, size)
  const needed = new Set([...keys, ...erasures].map(({ sequence }) => sequence))
  for (const boundary of [before, after]) if (boundary !== undefined) needed.add(boundary)
  return [...needed]
    .filter((sequence) => sequence < first || sequence >= end)
    .sort((a, b) => (a < b ? -1 : 1))
}
