import type { Interval } from './interval-set.js'
import type { Manifest } from './manifest.js'

/** What is wrong with the place of a record. */
export type Misplacement = 'seq_beyond_tree' | 'seq_duplicate' | 'record_order'

/** Gaps that are remembered one by one. */
const MAX_GAPS = 10_000

/**
 * Follows the sequences of records.jsonl: ascending, and without a gap where the bundle promises all
 * records. A record that comes late explains the gap where it should have been, and lines that could
 * not be read explain as many missing sequences.
 */
export class RecordOrder {
  /** Sequences [first, end) of which all have to be there; none in an excerpt. */
  readonly #first: bigint
  readonly #end: bigint
  readonly #treeSize: bigint
  #next: bigint
  #last = -1n
  #gaps: Interval[] = []
  #unexplained = 0n

  constructor({ kind, range, treeSize }: Manifest) {
    this.#first = range?.first ?? 0n
    this.#end = range?.end ?? (kind === 'full' ? treeSize : 0n)
    this.#next = this.#first
    this.#treeSize = treeSize
  }

  /** Whether the record is one of those that come without a gap. */
  isInside(seq: bigint): boolean {
    return seq >= this.#first && seq < this.#end
  }

  /** A line without a sequence. */
  skipLine(): void {
    this.#unexplained += 1n
  }

  /** Undefined when the record may be here. */
  place(seq: bigint): Misplacement | undefined {
    if (seq >= this.#treeSize) return 'seq_beyond_tree'
    if (seq === this.#last) return 'seq_duplicate'
    if (seq < this.#last) return this.#isLate(seq) ? 'record_order' : 'seq_duplicate'
    this.#last = seq
    if (seq >= this.#end && this.#next < this.#end) {
      this.#missing({ first: this.#next, last: this.#end - 1n })
      this.#next = this.#end
    }
    if (!this.isInside(seq)) return undefined
    if (seq > this.#next) this.#missing({ first: this.#next, last: seq - 1n })
    this.#next = seq + 1n
    return undefined
  }

  /** Gaps between records that nothing explains. */
  get gaps(): readonly Interval[] {
    return this.#gaps
  }

  /** Records that should have followed the last one, and that nothing explains. */
  get isShort(): boolean {
    return this.#next + this.#unexplained < this.#end
  }

  #missing(gap: Interval): void {
    const missing = gap.last - gap.first + 1n
    if (missing <= this.#unexplained) this.#unexplained -= missing
    else if (this.#gaps.length < MAX_GAPS) this.#gaps.push(gap)
  }

  #isLate(seq: bigint): boolean {
    if (!this.isInside(seq)) return true
    const index = this.#gaps.findIndex(({ first, last }) => first <= seq && seq <= last)
    const gap = this.#gaps[index]
    if (!gap) return false
    const rest = [
      { first: gap.first, last: seq - 1n },
      { first: seq + 1n, last: gap.last },
    ].filter(({ first, last }) => first <= last)
    this.#gaps.splice(index, 1, ...rest)
    return true
  }
}
