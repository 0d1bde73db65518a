import { type Clock, formatMicros } from '@lexcustis/core'
import {
  type Break,
  type BreakCode,
  CompactRange,
  createChainVerifier,
  equalBytes,
  type StoredRecord,
} from '@lexcustis/evidence'
import type { Keyring } from './keyring.js'
import type { Head, LogReader } from './ports.js'

/** Size and root of a tree that was signed. */
export interface SignedTree {
  readonly incarnation: string
  readonly size: bigint
  readonly root: Uint8Array
}

export interface VerifyDeps {
  readonly reader: Pick<LogReader, 'head' | 'window' | 'unfinishedStarts'>
  readonly keyring: Keyring
  /** The newest checkpoint of the organisation that is stored outside the database. */
  readonly newestSigned: (organizationId: string) => Promise<SignedTree | undefined>
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

/** After one of these the tree is another one anyway; what is wrong has been said. */
const TREE_BREAKS: ReadonlySet<BreakCode> = new Set([
  'seq_gap',
  'seq_duplicate',
  'leaf_mismatch',
  'record_malformed',
])

const EMPTY: readonly Finding[] = [{ kind: 'break', code: 'empty', detail: 'there is no record' }]

/**
 * Checks the whole newest log of an organisation, in constant memory: progress and every break as it
 * is found, then one result. Success needs every expected record, at least one, and no break. What was
 * signed is expected too: a log that is shorter, or has another root, is not valid.
 */
export async function* verifyLog(
  deps: VerifyDeps,
  organizationId: string,
): AsyncGenerator<VerifyEvent> {
  // In this order: what is signed when the check begins is there when the head is read.
  const signed = await deps.newestSigned(organizationId)
  const head = await deps.reader.head(organizationId)
  const expected = maxOf(head ? head.sequence + 1n : 0n, sizeFor(head, signed))
  const counts: Counts = { checked: 0n, open: 0n }
  let breaks = 0n
  yield { kind: 'progress', checked: 0n, expected }
  for await (const event of head
    ? findings(deps, { organizationId, head, signed }, counts)
    : EMPTY) {
    if (event.kind === 'break') breaks += 1n
    yield event
  }
  const isValid = expected > 0n && counts.checked === expected && breaks === 0n
  yield { kind: 'result', isValid, expected, breaks, ...counts }
}

interface Log {
  readonly organizationId: string
  readonly head: Head
  readonly signed: SignedTree | undefined
}

async function* findings(deps: VerifyDeps, log: Log, counts: Counts): AsyncGenerator<Finding> {
  yield* checkChain(deps, log, counts)
  yield* checkEnds(deps, log.organizationId, log.head, counts)
}

/** Records that must be there because a checkpoint of this log, or of one after it, says so. */
function sizeFor(head: Head | undefined, signed: SignedTree | undefined): bigint {
  if (!signed || (head && head.incarnation > signed.incarnation)) return 0n
  return signed.size
}

async function* checkChain(
  { reader, keyring }: VerifyDeps,
  { organizationId, head, signed }: Log,
  counts: Counts,
): AsyncGenerator<Finding> {
  const { incarnation, sequence } = head
  const tree = createTreeCheck(sizeFor(head, signed), signed?.root)
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
      const breaks = verifier.check(record)
      for (const found of breaks) yield { kind: 'break', ...found }
      tree.take(record, breaks)
    }
    counts.checked = verifier.checked
    yield { kind: 'progress', checked: verifier.checked, expected }
  }
  yield* tree.findings()
}

/** Grows the tree along with the check and compares it where it was signed. */
function createTreeCheck(size: bigint, root: Uint8Array | undefined) {
  const range = new CompactRange()
  let isComparable = size > 0n
  let hasOtherRoot = false
  return {
    take: ({ leaf }: StoredRecord, breaks: readonly Break[]): void => {
      if (!isComparable || range.size === size) return
      if (breaks.some(({ code }) => TREE_BREAKS.has(code))) isComparable = false
      else range.append(leaf)
      if (range.size === size) hasOtherRoot = !root || !equalBytes(range.root(), root)
    },
    *findings(): Generator<Finding> {
      if (isComparable && range.size < size) {
        yield { kind: 'break', code: 'tail_missing', sequence: range.size, detail: SHORT }
      }
      if (hasOtherRoot) yield { kind: 'break', code: 'root_mismatch', detail: OTHER_ROOT }
    },
  }
}

const SHORT = 'the log ends here, and a checkpoint of more records was signed'
const OTHER_ROOT = 'the records do not lead to the root that was signed'

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

function maxOf(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

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
