import type { Receipt } from '../outcome.js'
import type { LogEntry } from '../ports.js'

export function receiptOf(organizationId: string, entry: LogEntry): Receipt {
  const { incarnation, leaf, projection, sequence } = entry
  const { id, recordedAt } = projection
  return { organizationId, incarnation, sequence, id, leaf, recordedAt }
}
