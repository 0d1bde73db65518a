import { type Clock, formatMicros } from '@lexcustis/core'
import {
  type Break,
  type BreakCode,
  type ChainVerifierOptions,
  CompactRange,
  createChainVerifier,
  equalBytes,
  type StoredRecord,
} from '@lexcustis/evidence'
import type { Keyring } from './keyring.js'
import type { Head, LogReader } from './ports.js'
import type { Pruning } from './retention/ports.js'
import { checkPruned, findAnnouncedPruning, type PrunedDeps } from './verify-pruned.js'

/** Size and root of a tree that was signed. */
export interface SignedTree {
  readonly incarnation: string
  readonly size: bigint
  readonly root: Uint8Array
}

export interface VerifyDeps extends PrunedDeps {
  readonly reader: Pick<LogReader, 'head' | 'window' | 'unfinishedStarts' | 'byId'>
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
  /** Records there when the check began; of a pruned log without those that were pruned. */
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

/** The log was pruned while it was checked: what is missing now was announced. */
class PrunedMeanwhile extends Error {}

/**
 * Checks the whole newest log of an organisation, in constant memory: progress and every break as it
 * is found, then one result. Success needs every expected record, at least one, and no break. What was
 * signed is expected too: a log that is shorter, or has another root, is not valid. A pruned log is
 * checked from its minimum index on, and below that what is never pruned.
 */
export async function* verifyLog(
  deps: VerifyDeps,
  organizationId: string,
): AsyncGenerator<VerifyEvent> {
  for (;;) {
    try {
      yield* verifyOnce(deps, organizationId)
      return
    } catch (error) {
      if (!(error instanceof PrunedMeanwhile)) throw error
    }
  }
}

async function* verifyOnce(deps: VerifyDeps, organizationId: string): AsyncGenerator<VerifyEvent> {
  // In this order: what is signed when the check begins is there when the head is read.
  const signed = await deps.newestSigned(organizationId)
  const head = await deps.reader.head(organizationId)
  const pruning = head && (await findAnnouncedPruning(deps, { organizationId, ...head }))
  const pruned = pruning ? pruning.minimumIndex - pruning.keptRecords : 0n
  const expected = maxOf(head ? head.sequence + 1n : 0n, sizeFor(head, signed)) - pruned
  const counts: Counts = { checked: 0n, open: 0n }
  let breaks = 0n
  yield { kind: 'progress', checked: 0n, expected }
  for await (const event of head
    ? findings(deps, { organizationId, head, signed, pruning, expected }, counts)
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
  readonly pruning: Pruning | undefined
  readonly expected: bigint
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

async function* checkChain(deps: VerifyDeps, log: Log, counts: Counts): AsyncGenerator<Finding> {
  const { organizationId, head, pruning, expected } = log
  const { incarnation } = head
  const options = {
    org: organizationId,
    inc: incarnation,
    keyOf: cached((kid: string) => deps.keyring.chainKey(organizationId, incarnation, kid)),
  }
  const begin = pruning ? yield* checkBelow(deps, log, pruning, options) : WHOLE
  const tree = createTreeCheck(sizeFor(head, log.signed), log.signed?.root, begin.range)
  const start = pruning && { sequence: pruning.minimumIndex, previousMac: pruning.previousMac }
  const verifier = createChainVerifier({ ...options, start })
  for await (const records of windows(deps.reader, log)) {
    const found = records.map((record) => ({ record, breaks: verifier.check(record) }))
    const isBroken = found.some(({ breaks }) => breaks.length > 0)
    if (isBroken && (await isPrunedSince(deps, log))) throw new PrunedMeanwhile()
    for (const { record, breaks } of found) {
      for (const each of breaks) yield { kind: 'break', ...each }
      tree.take(record, breaks)
    }
    counts.checked = begin.kept + verifier.checked
    yield { kind: 'progress', checked: counts.checked, expected }
  }
  yield* tree.findings()
}

const WHOLE = { range: new CompactRange(), kept: 0n }

async function* checkBelow(
  deps: VerifyDeps,
  { organizationId, head: { incarnation } }: Log,
  pruning: Pruning,
  options: ChainVerifierOptions,
) {
  const place = { organizationId, incarnation }
  const checking = checkPruned(deps, place, pruning, createChainVerifier(options))
  for (;;) {
    const next = await checking.next()
    if (next.done) return next.value
    yield { kind: 'break' as const, ...next.value }
  }
}

/** Every row from the beginning of the log on. */
async function* windows(
  reader: VerifyDeps['reader'],
  { organizationId, head: { incarnation, sequence }, pruning }: Log,
): AsyncGenerator<readonly StoredRecord[]> {
  const end = sequence + 1n
  const read = async (from: bigint): Promise<readonly StoredRecord[]> =>
    from < end ? reader.window(organizationId, incarnation, from, minOf(from + WINDOW, end)) : []
  const begin = pruning?.minimumIndex ?? 0n
  let next = read(begin)
  for (let from = begin; from < end; from += WINDOW) {
    const records = await next
    // The database reads the next window while this one is hashed.
    next = read(from + WINDOW)
    next.catch(() => undefined)
    yield records
  }
}

async function isPrunedSince(
  deps: VerifyDeps,
  { organizationId, head, pruning }: Log,
): Promise<boolean> {
  const now = await findAnnouncedPruning(deps, { organizationId, ...head })
  return now?.minimumIndex !== pruning?.minimumIndex
}

/**
 * Grows the tree along with the check and compares it where it was signed. `begin`: leaves that were
 * pruned, undefined when nobody knows them any more.
 */
function createTreeCheck(
  size: bigint,
  root: Uint8Array | undefined,
  begin: CompactRange | undefined,
) {
  const range = begin?.copy() ?? new CompactRange()
  const isUnsigned = range.size > size
  let isComparable = size > 0n && begin !== undefined && !isUnsigned
  const hasRoot = (): boolean => root !== undefined && equalBytes(range.root(), root)
  return {
    take: ({ leaf }: StoredRecord, breaks: readonly Break[]): void => {
      if (!isComparable || range.size === size) return
      if (breaks.some(({ code }) => TREE_BREAKS.has(code))) isComparable = false
      else range.append(leaf)
    },
    *findings(): Generator<Finding> {
      if (isUnsigned) yield { kind: 'break', code: 'root_mismatch', detail: NOT_SIGNED }
      if (!isComparable) return
      if (range.size < size) {
        yield { kind: 'break', code: 'tail_missing', sequence: range.size, detail: SHORT }
      } else if (!hasRoot()) {
        yield { kind: 'break', code: 'root_mismatch', detail: OTHER_ROOT }
      }
    },
  }
}

const NOT_SIGNED = 'records were pruned that no signed checkpoint covers'
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
