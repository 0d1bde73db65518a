import { isSequence, type JsonValue } from '@lexcustis/evidence'

/** Sequences from `first` to `last`, both included. */
export interface SequenceRange {
  readonly first: bigint
  readonly last: bigint
}

/** Ascending sequences without repetition → as few ranges as possible. */
export function toRanges(sequences: readonly bigint[]): SequenceRange[] {
  const ranges: { first: bigint; last: bigint }[] = []
  for (const sequence of sequences) {
    const range = ranges.at(-1)
    if (range && range.last + 1n === sequence) range.last = sequence
    else ranges.push({ first: sequence, last: sequence })
  }
  return ranges
}

/** As `attrs.seqs` has them: `["3", "7-19"]` (SPEC.md, section 3). */
export function writeRanges(ranges: readonly SequenceRange[]): string[] {
  return ranges.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`))
}

/** What `writeRanges` wrote. Undefined when it is anything else, or a range runs backwards. */
export function readRanges(seqs: JsonValue | undefined): SequenceRange[] | undefined {
  if (!Array.isArray(seqs)) return undefined
  const ranges = (seqs as readonly JsonValue[]).map(readRange)
  return ranges.every((range) => range !== undefined) ? ranges : undefined
}

function readRange(text: JsonValue): SequenceRange | undefined {
  if (typeof text !== 'string') return undefined
  const [first = '', last = first, ...rest] = text.split('-')
  if (!isSequence(first) || !isSequence(last) || rest.length > 0) return undefined
  const range = { first: BigInt(first), last: BigInt(last) }
  return range.first <= range.last ? range : undefined
}

export function isWithin(ranges: readonly SequenceRange[], sequence: bigint): boolean {
  return ranges.some(({ first, last }) => first <= sequence && sequence <= last)
}

export function countIn(ranges: readonly SequenceRange[]): bigint {
  return ranges.reduce((sum, { first, last }) => sum + last - first + 1n, 0n)
}
