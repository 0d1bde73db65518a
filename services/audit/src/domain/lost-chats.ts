import { AppError, type Clock, formatMicros, parseMicros, uuidv7 } from '@lexcustis/core'
import type { Appended } from './outcome.js'
import { type AppendInput, type Draft, type DraftReader, SYSTEM } from './draft.js'
import type { LogReader, OverdueStarts } from './ports.js'
import { envelopeOf } from './same-record.js'

export interface LostChatsDeps {
  readonly starts: OverdueStarts
  readonly reader: Pick<LogReader, 'byId'>
  readonly readDraft: DraftReader
  readonly append: (draft: Draft) => Promise<Appended>
  readonly clock: Clock
  /** How long after `ends_by` an end may come. */
  readonly graceMs: number
  readonly onLost: (organizationId: string, ref: string) => void
}

const AT_MOST = 1_000
/**
 * A start becomes visible when its transaction commits, a little after the times in it were taken, and
 * clocks of replicas differ: each scan looks this far back once more.
 */
const OVERLAP_MICROS = 120_000_000n

/**
 * Ends chats whose gateway is gone. `scan` writes `chat.aborted` with outcome `lost` for every start
 * whose time is over; it may run in any number of replicas at once, because an end is unique.
 */
export class LostChats {
  /** Everything due up to here has an end. */
  #doneUntil = ''

  constructor(private readonly deps: LostChatsDeps) {}

  /** Returns how many ends it wrote. Throws UNAVAILABLE; the next scan finds the same starts. */
  async scan(): Promise<number> {
    const { clock, graceMs, starts } = this.deps
    const dueMicros = clock.nowMicros() - BigInt(graceMs) * 1_000n
    const found = await starts.find(this.#doneUntil, formatMicros(dueMicros), AT_MOST)
    let written = 0
    for (const { organizationId, id } of found) {
      if (await this.#end(organizationId, id)) written += 1
    }
    if (found.length < AT_MOST) this.#doneUntil = formatMicros(dueMicros - OVERLAP_MICROS)
    return written
  }

  async #end(organizationId: string, ref: string): Promise<boolean> {
    const { append, clock, onLost, reader, readDraft } = this.deps
    const start = await reader.byId(organizationId, ref)
    const nowMicros = clock.nowMicros()
    const startedMicros = parseMicros((start && envelopeOf(start)?.occurred_at) ?? '') ?? nowMicros
    const input = lostInput(ref, startedMicros, nowMicros)
    try {
      const { isDuplicate } = await append(readDraft(organizationId, SYSTEM, input))
      if (!isDuplicate) onLost(organizationId, ref)
      return !isDuplicate
    } catch (error) {
      // Its own end came after all, between the search and now.
      if (error instanceof AppError && error.reason === 'CONFLICT') return false
      throw error
    }
  }
}

function lostInput(ref: string, startedMicros: bigint, nowMicros: bigint): AppendInput {
  const elapsedMs = Number((nowMicros - startedMicros) / 1_000n)
  return {
    id: uuidv7(),
    type: 'chat.aborted',
    occurredAt: formatMicros(nowMicros),
    ref,
    trace: '',
    attrsJson: JSON.stringify({ outcome: 'lost', tokens_out: 0, total_ms: Math.max(0, elapsedMs) }),
    content: [],
  }
}
