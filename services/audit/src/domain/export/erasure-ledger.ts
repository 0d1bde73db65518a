import { AppError } from '@lexcustis/core'
import type { CommittedField, JsonObject } from '@lexcustis/evidence'
import type { OrganizationLog } from '../checkpoint-store.js'
import { isWithin, readRanges, type SequenceRange } from '../erasure/ranges.js'
import { envelopeOf } from '../same-record.js'
import type { StoredBytes } from '../signing/ports.js'
import type { ExportReader } from './ports.js'

/** A record that authorises an erasure. */
export interface ErasingRecord {
  readonly sequence: bigint
  readonly type: string
  readonly recordedAt: string
  readonly attrs: JsonObject
  /** Sequences of this log; none when it is about an earlier one. */
  readonly ranges: readonly SequenceRange[]
}

/** What a field of a record is in this bundle; undefined: nothing erases it. */
export type Fate =
  | { readonly is: 'erased' }
  /** The record that erases it is not in the bundle; the exporter says why the value is not either. */
  | { readonly is: 'withheld'; readonly why: string }

/** Sequences that a bundle is about. */
export interface Span {
  readonly first: bigint
  /** Undefined while it is not decided: the period has not ended, or there is none. */
  readonly end: bigint | undefined
  /** The end of the period; undefined: everything. */
  readonly to: string | undefined
}

/** Records from `begin` to below `end`, whose lines are out. */
export interface Written {
  readonly begin: bigint
  readonly end: bigint
}

const PAGE = 100

/**
 * Which erasures a bundle speaks of. People are erased while it is written, and no line can be taken
 * back: an erasing record that comes too late for a line that is out is left out of the bundle where it
 * lies outside of the range, and ends the export where it lies within.
 */
export class ErasureLedger {
  readonly #included: ErasingRecord[] = []
  readonly #late: { readonly record: ErasingRecord; readonly why: string }[] = []
  #next: bigint
  #treeSize: bigint | undefined

  constructor(
    private readonly reader: Pick<ExportReader, 'erasing'>,
    private readonly log: OrganizationLog,
    private readonly span: Span,
  ) {
    // A record lists what came before it, so nothing before the range erases anything in it.
    this.#next = span.first
  }

  /** Those that the bundle has to prove, in sequence order. */
  get included(): readonly ErasingRecord[] {
    return this.#included
  }

  /** The tree that the bundle is proven with is decided. What comes behind it cannot be in it. */
  closeAt(treeSize: bigint): void {
    this.#treeSize = treeSize
  }

  /**
   * Looks for new erasing records. Each is durable before it is executed: whoever reads content first
   * and comes here afterwards knows why something is gone. `written`: lines of records from `begin` to
   * below `end` are out. Throws UNAVAILABLE when the bundle would contradict itself.
   */
  async refresh(written: Written): Promise<void> {
    for (;;) {
      const page = await this.reader.erasing(this.log, this.#next, PAGE)
      for (const stored of page) this.#take(stored, written)
      const last = page.at(-1)
      if (!last) return
      this.#next = last.sequence + 1n
      if (page.length < PAGE) return
    }
  }

  /** What becomes of the fields of records from `begin` to below `end`. */
  fates(begin: bigint, end: bigint): (sequence: bigint, field: CommittedField) => Fate | undefined {
    const included = this.#included.filter((record) => touches(record, begin, end))
    const late = this.#late.filter(({ record }) => touches(record, begin, end))
    return (sequence, field) => {
      const erases = ({ attrs, ranges }: ErasingRecord) =>
        isListed(attrs, field) && isWithin(ranges, sequence)
      if (included.some(erases)) return { is: 'erased' }
      const why = late.find(({ record }) => erases(record))?.why
      return why === undefined ? undefined : { is: 'withheld', why }
    }
  }

  #take(stored: StoredBytes, written: Written): void {
    const record = readErasing(stored)
    if (this.#treeSize !== undefined && record.sequence >= this.#treeSize) {
      this.#late.push({ record, why: 'erased_after_checkpoint' })
      return
    }
    const isInRange = this.#isInRange(record)
    const isTooLate = touches(record, written.begin, written.end)
    if (isInRange && isTooLate) throw contradicted()
    if (isTooLate) this.#late.push({ record, why: 'erased_during_export' })
    else if (isInRange || this.#concerns(record)) this.#included.push(record)
  }

  #isInRange({ sequence, recordedAt }: ErasingRecord): boolean {
    const { end, to } = this.span
    return end === undefined ? to === undefined || recordedAt < to : sequence < end
  }

  /** Whether it erases something of the range or of the records beside it. */
  #concerns(record: ErasingRecord): boolean {
    const { first, end = record.sequence } = this.span
    return touches(record, first - 1n, end + 1n)
  }
}

function readErasing(stored: StoredBytes): ErasingRecord {
  const envelope = envelopeOf(stored)
  const ranges = envelope && readRanges(envelope.attrs['seqs'])
  if (!ranges) throw new AppError('INTERNAL', 'a record that authorises an erasure is damaged')
  const { attrs, type, inc, recorded_at: recordedAt } = envelope
  const isOurs = attrs['inc'] === undefined || attrs['inc'] === inc
  return { sequence: stored.sequence, type, recordedAt, attrs, ranges: isOurs ? ranges : [] }
}

function touches({ ranges }: ErasingRecord, begin: bigint, end: bigint): boolean {
  return begin < end && ranges.some(({ first, last }) => first < end && last >= begin)
}

function isListed({ fields }: JsonObject, field: CommittedField): boolean {
  return fields === undefined || (Array.isArray(fields) && fields.includes(field))
}

function contradicted(): AppError {
  const message = 'content that had been exported was erased meanwhile; export it again'
  return new AppError('UNAVAILABLE', message, { retryAfterMs: 1_000 })
}
