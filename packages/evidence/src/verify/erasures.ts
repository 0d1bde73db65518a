import { canonicalText } from '../canonical.js'
import { type Envelope, isSequence } from '../envelope.js'
import { COMMITTED_FIELDS, type CommittedField, type RecordType } from '../record-types.js'
import type { Findings } from './findings.js'
import { createIntervalSet, type Interval } from './interval-set.js'
import { readLine, readLines } from './json-lines.js'
import { hasKeys, isText, isTextList, readSequence } from './json-object.js'
import type { MemberReader } from './member-reader.js'

export const ERASURES = 'erasures.jsonl'

/** What one record allows to be erased (SPEC.md, section 3). */
export interface Erasure {
  readonly seq: bigint
  readonly fields: readonly CommittedField[]
  readonly intervals: readonly Interval[]
}

/** A line of erasures.jsonl. */
interface ErasureLine extends Erasure {
  readonly type: RecordType
  /** Canonical text of what the record has to have as its attributes. */
  readonly attrs: string
  readonly line: number
  /** The record came. */
  isThere: boolean
  /** The record came and says the same. */
  isProven: boolean
}

const TYPES: readonly string[] = ['subject.erased', 'content.expired']
const REQUIRED = ['seq', 'type', 'seqs', 'legal_basis', 'approved_by']
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

export interface Erasures {
  /** Lines read. */
  readonly lines: number
  /** Whether a field may be gone, by what erasures.jsonl says. */
  isErased(seq: bigint, field: CommittedField): boolean
  /** Whether a record that came says so too. */
  isAuthorised(seq: bigint, field: CommittedField): boolean
  /** Holds a record that authorises an erasure against its line. */
  record(envelope: Envelope, seq: bigint): void
  /** Lines whose record did not come. */
  unproven(): readonly { readonly seq: bigint; readonly line: number }[]
  /** Erasures that the records know and erasures.jsonl does not. */
  readonly unlisted: readonly Erasure[]
}

export async function readErasures(
  members: MemberReader,
  inc: string,
  findings: Findings,
): Promise<Erasures> {
  const known = new Map<bigint, ErasureLine>()
  let count = 0
  for await (const { lines, first, isCut } of readLines(members.stream(ERASURES))) {
    for (const [index, bytes] of lines.entries()) {
      const place = { member: ERASURES, line: first + index }
      count += 1
      const line = readErasure(readLine(bytes), first + index, inc)
      if (!line || isCut) findings.add('erasure_malformed', 'is not an erasure', place)
      if (!line) continue
      if (known.has(line.seq)) findings.add('erasure_malformed', 'is there twice', place)
      else known.set(line.seq, line)
      checkOrder(line, findings)
    }
  }
  return createErasures(known, count, inc, findings)
}

/** A record authorises the erasure of what came before it, and of nothing else. */
function checkOrder({ seq, line, intervals }: ErasureLine, findings: Findings): void {
  if (intervals.some(({ last }) => last >= seq)) {
    const place = { seq, member: ERASURES, line }
    findings.add('erasure_order', 'covers its own sequence or a later one', place)
  }
}

function createErasures(
  known: ReadonlyMap<bigint, ErasureLine>,
  lines: number,
  inc: string,
  findings: Findings,
): Erasures {
  const covers = new Map(
    COMMITTED_FIELDS.map((field) => {
      const erasures = [...known.values()].filter(({ fields }) => fields.includes(field))
      return [field, createIntervalSet(erasures.flatMap(({ intervals }) => intervals))] as const
    }),
  )
  const unlisted: Erasure[] = []
  return {
    lines,
    unlisted,
    isErased: (seq, field) => covers.get(field)?.(seq) ?? false,
    isAuthorised: (seq, field) =>
      [...known.values()].some(
        (line) =>
          line.isProven &&
          line.seq > seq &&
          line.fields.includes(field) &&
          line.intervals.some(({ first, last }) => first <= seq && seq <= last),
      ),
    record: ({ type, attrs }, seq) => {
      const listed = known.get(seq)
      if (listed) {
        listed.isThere = true
        listed.isProven = listed.type === type && listed.attrs === canonicalText(attrs)
        if (listed.isProven) return
        const place = { seq, member: ERASURES, line: listed.line }
        findings.add('erasure_mismatch', 'the record says something else', place, ['records.jsonl'])
      } else if (TYPES.includes(type)) {
        const erasure = readErasure({ ...attrs, seq: String(seq), type }, 0, inc)
        if (erasure) unlisted.push(erasure)
      }
    },
    unproven: () => [...known.values()].filter(({ isThere }) => !isThere),
  }
}

function readErasure(
  value: Record<string, unknown> | undefined,
  line: number,
  inc: string,
): ErasureLine | undefined {
  if (!value || !hasKeys(value, REQUIRED, ['fields', 'inc'])) return undefined
  const { seq: sequence, type, ...attrs } = value
  const seq = readSequence(sequence)
  if (seq === undefined || !isErasureType(type)) return undefined
  const intervals = readIntervals(attrs['seqs'])
  const fields = readFields(attrs['fields'])
  const text = attributesText(attrs)
  if (!intervals || !fields || text === undefined) return undefined
  // What it says of an earlier incarnation is about no record of this bundle.
  const isOurs = attrs['inc'] === undefined || attrs['inc'] === inc
  const covered = isOurs ? intervals : []
  const state = { isThere: false, isProven: false }
  return { seq, type, fields, intervals: covered, attrs: text, line, ...state }
}

/** Canonical text of the attributes; undefined when one is not in its form. */
function attributesText(attrs: Record<string, unknown>): string | undefined {
  const { legal_basis: basis, approved_by: approver, inc } = attrs
  if (!isText(basis) || !isUuid(approver) || (inc !== undefined && !isUuid(inc))) return undefined
  try {
    return canonicalText(attrs)
  } catch {
    return undefined
  }
}

function isErasureType(value: unknown): value is RecordType {
  return isText(value) && TYPES.includes(value)
}

function isUuid(value: unknown): boolean {
  return isText(value) && UUID.test(value)
}

/** `["3", "7-19"]`. */
function readIntervals(value: unknown): Interval[] | undefined {
  if (!isTextList(value) || value.length === 0) return undefined
  const intervals: Interval[] = []
  for (const text of value) {
    const [first = '', last = first, ...more] = text.split('-')
    if (!isSequence(first) || !isSequence(last) || more.length > 0) return undefined
    if (BigInt(last) < BigInt(first)) return undefined
    intervals.push({ first: BigInt(first), last: BigInt(last) })
  }
  return intervals
}

/** Absent: every field. */
function readFields(value: unknown): readonly CommittedField[] | undefined {
  if (value === undefined) return COMMITTED_FIELDS
  const isValid =
    isTextList(value) &&
    new Set(value).size === value.length &&
    value.every((field) => (COMMITTED_FIELDS as readonly string[]).includes(field))
  return isValid ? (value as CommittedField[]) : undefined
}
