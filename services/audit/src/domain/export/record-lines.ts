import type { OrganizationLog } from '../checkpoint-store.js'
import type { SealedBytes } from '../ports.js'
import type { Part } from './member-writer.js'
import type { ExportReader } from './ports.js'

export interface RecordsRequest {
  readonly reader: Pick<ExportReader, 'records'>
  readonly log: OrganizationLog
  /** Every record with first ≤ sequence < end. */
  readonly range: { readonly first: bigint; readonly end: bigint }
  /** Records besides, ascending. */
  readonly outside: readonly bigint[]
  /** Lines before this sequence are with the receiver. */
  readonly resumeAt: bigint
  readonly signal: AbortSignal
  /** Told of every line. */
  readonly onLine: () => void
}

const PAGE = 256

/** records.jsonl, ascending. A record that is not there has no line: that is for a verifier to see. */
export async function* recordLines(request: RecordsRequest): AsyncGenerator<Part> {
  const { range, outside } = request
  for (const sequence of outside.filter((each) => each < range.first)) {
    yield* linesOf(request, sequence, sequence + 1n)
  }
  yield* linesOf(request, range.first, range.end)
  for (const sequence of outside.filter((each) => each >= range.end)) {
    yield* linesOf(request, sequence, sequence + 1n)
  }
}

async function* linesOf(
  { reader, log, resumeAt, signal, onLine }: RecordsRequest,
  from: bigint,
  to: bigint,
): AsyncGenerator<Part> {
  for (let next = from; next < to;) {
    signal.throwIfAborted()
    const page = await reader.records(log, next, to, PAGE)
    for (const record of page) {
      onLine()
      yield { text: lineOf(record), isHeld: record.sequence < resumeAt }
    }
    const last = page.at(-1)
    if (!last) return
    next = last.sequence + 1n
  }
}

function lineOf({ sequence, canonical, mac }: SealedBytes): string {
  const [bytes, tag] = [canonical.toString('base64'), mac.toString('base64')]
  return `{"seq":"${sequence}","canonical":"${bytes}","mac":"${tag}"}\n`
}
