import type { OrganizationLog } from '../checkpoint-store.js'
import type { ExportReader } from './ports.js'

/**
 * The first sequence below `below` that was recorded at or after a time, or `below`. Times never go
 * back along a log, so a look-up per bit of its size finds it.
 */
export async function firstSince(
  reader: Pick<ExportReader, 'firstFrom'>,
  log: OrganizationLog,
  time: string,
  below: bigint,
): Promise<bigint> {
  let low = 0n
  let high = below
  while (low < high) {
    const middle = (low + high) / 2n
    const found = await reader.firstFrom(log, middle)
    if (!found || found.sequence >= below || found.recordedAt >= time) high = middle
    // What lies between was pruned.
    else low = found.sequence + 1n
  }
  return low
}
