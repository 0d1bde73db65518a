import { type Clock, formatMicros } from '@lexcustis/core'
import { type Break, createChainVerifier, type StoredRecord } from '@lexcustis/evidence'
import type { Keyring } from './keyring.js'
import type { Head, LogReader } from './ports.js'

export interface VerifyDeps {
  readonly reader: Pick<LogReader, 'head' | 'window' | 'unfinishedStarts'>
  readonly keyring: Keyring
  readonly clock: Clock
  /** How long after `ends_by` an end may come. */
  readonly graceMs: number
}

export interface VerifyResult {
  readonly isValid: boolean
  readonly checked: bigint
  /** Records there when the check began. */
  readonly expected: bigint
  /** Starts whose end may still come. */
  readonly open: bigint
  readonly breaks: bigint
}

/** A break has no sequence when the log is empty. */
export type FoundBreak = Omit<Break, 'sequence'> & { readonly sequence?: bigint }

export type VerifyEvent =
  | { readonly kind: 'progress'; readonly checked: bigint; readonly expected: bigint }
  | ({ readonly kind: 'break' } & FoundBreak)
  | ({ readonly kind: 'result' } & VerifyResult)

/** Sequences read at a time. A window has every row in it, so one that is there twice is seen. */
const WINDOW = 512n
const PAGE = 1_000
/** What the scan for lost chats may need to write an end after the grace time. */
const SCAN_MS = 5_000

interface Counts {
  checked: bigint
  open: bigint
}

type Finding = Exclude<VerifyEvent, { kind: 'result' }>

const EMPTY: readonly Finding[] = [{ kind: 'break', code: 'empty', detail: 'there is no record' }]

/**
 * Checks the whole newest log of an organisation, in constant memory: progress and every break as it
 * is found, then one result. Success needs every expected record, at least one, and no break.
 */
export async function* verifyLog(
  deps: VerifyDeps,
  organizationId: string,
): AsyncGenerator<VerifyEvent> {
  const head = await deps.reader.head(organizationId)
  const expected = head ? head.sequence + 1n : 0n
  const counts: Counts = { checked: 0n, open: 0n }
  let breaks = 0n
  yield { kind: 'progress', checked: 0n, expected }
  for await (const event of head ? findings(deps, organizationId, head, counts) : EMPTY) {
    if (event.kind === 'break') breaks += 1n
    yield event
  }
  const isValid = expected > 0n && counts.checked === expected && breaks === 0n
  yield { kind: 'result', isValid, expected, breaks, ...counts }
}

async function* findings(
  deps: VerifyDeps,
  organizationId: string,
  head: Head,
  counts: Counts,
): AsyncGenerator<Finding> {
  yield* checkChain(deps, organizationId, head, counts)
  yield* checkEnds(deps, organizationId, head, counts)
}

async function* checkChain(
  { reader, keyring }: VerifyDeps,
  organizationId: string,
  { incarnation, sequence }: Head,
  counts: Counts,
): AsyncGenerator<Finding> {
  const expected = sequence + 1n
  const verifier = createChainVerifier({
    org: organizationId,
    inc: incarnation,
    keyOf: cached((kid) => keyring.chainKey(organizationId, incarnation, kid)),
  })
  const read = async (from: bigint): Promise<readonly StoredRecord[]> =>
    from < expected
      ? reader.window(organizationId, incarnation, from, minOf(from + WINDOW, expected))
      : []
  let next = read(0n)
  for (let from = 0n; from < expected; from += WINDOW) {
    const records = await next
    // The database reads the next window while this one is hashed.
    next = read(from + WINDOW)
    next.catch(() => undefined)
    for (const record of records) {
      for (const found of verifier.check(record)) yield { kind: 'break', ...found }
    }
    counts.checked = verifier.checked
    yield { kind: 'progress', checked: verifier.checked, expected }
  }
}

async function* checkEnds(
  { reader, clock, graceMs }: VerifyDeps,
  organizationId: string,
  { incarnation, sequence }: Head,
  counts: Counts,
): AsyncGenerator<Finding> {
  const overdue = formatMicros(clock.nowMicros() - BigInt(graceMs + SCAN_MS) * 1_000n)
  const below = sequence + 1n
  let after = -1n
  for (;;) {
    const range = { after, below }
    const starts = await reader.unfinishedStarts(organizationId, incarnation, range, PAGE)
    for (const start of starts) {
      if (start.due > overdue) counts.open += 1n
      else yield { kind: 'break', code: 'end_missing', sequence: start.sequence, detail: LATE }
    }
    const last = starts.at(-1)
    if (!last || starts.length < PAGE) return
    after = last.sequence
  }
}

const LATE = 'this chat has no end, and its time for one has passed'

function minOf(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}

function cached<K, V>(make: (key: K) => V): (key: K) => V {
  const known = new Map<K, V>()
  return (key) => {
    const found = known.get(key) ?? make(key)
    known.set(key, found)
    return found
  }
}
