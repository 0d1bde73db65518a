import { COMMITTED_FIELDS, type CommittedField } from '../record-types.js'
import { type ContentLine, readContentLine } from './content-line.js'
import { ERASURES, type Erasures } from './erasures.js'
import type { Findings, Place } from './findings.js'
import { type Lines, readLines } from './json-lines.js'
import type { MemberReader } from './member-reader.js'
import { type CommittedRecord, RECORDS } from './record-pass.js'
import type { RecordTable } from './record-table.js'

export const CONTENT = 'content.jsonl'

/** Fields that may wait for content that comes out of order; more are missing. */
const MAX_PENDING = 500_000

const MAX_SUSPECTS = 1_000
const STILL_THERE = 'the field should be erased and is there'

const RESTS_ON = [RECORDS, ERASURES]

export interface ContentOptions {
  readonly members: MemberReader
  readonly findings: Findings
  readonly table: RecordTable
  readonly erasures: Erasures
  /** Whether content of a record that is not there says nothing new. */
  readonly isDisordered: () => boolean
}

/**
 * Brings content to the records that committed to it (SPEC.md, section 3). Both files are in the order
 * of the records, so one pass over both and little memory are enough; a line that comes late still
 * finds its record, as long as few do.
 */
export class ContentJoin {
  lines = 0
  matched = 0
  withheld = 0
  erased = 0
  readonly #source: AsyncGenerator<Lines, void>
  /** Lines read and not yet used. */
  #queue: (ContentLine | undefined)[] = []
  #at = 0
  /** Commitments of fields without content: `<seq>/<field>`. */
  readonly #pending = new Map<string, string>()
  /** Content of fields that should be erased. */
  readonly #suspects: ContentLine[] = []
  /** Lines of which not even the record is known. */
  #malformed = 0

  constructor(private readonly options: ContentOptions) {
    this.#source = readLines(options.members.stream(CONTENT))
  }

  /** Takes the lines of these records, which follow those of the call before. */
  async take(records: readonly CommittedRecord[]): Promise<void> {
    for (const record of records) {
      let line = this.#peek() ?? (await this.#refill())
      for (; line && line.seq <= record.seq; line = this.#peek() ?? (await this.#refill())) {
        this.#at += 1
        if (line.seq === record.seq) this.#join(line, record.row, record.commitments?.[line.field])
        else this.#joinLate(line)
      }
      this.#leave(record)
    }
  }

  /** Takes what is left, and tells which fields have no content. */
  async finish(): Promise<void> {
    for (let line = await this.#refill(); line; line = this.#peek() ?? (await this.#refill())) {
      this.#at += 1
      this.#joinLate(line)
    }
    for (const line of this.#suspects) {
      const isAuthorised = this.options.erasures.isAuthorised(line.seq, line.field)
      if (isAuthorised) this.#fail('erasure_not_executed', STILL_THERE, line)
    }
    this.#checkUnlisted()
    // A line that cannot be read is the one failure, not also what it should have said.
    if (this.#pending.size <= this.#malformed) return
    for (const key of this.#pending.keys()) this.#missing(key)
  }

  #peek(): ContentLine | undefined {
    while (this.#at < this.#queue.length && !this.#queue[this.#at]) this.#at += 1
    return this.#queue[this.#at]
  }

  async #refill(): Promise<ContentLine | undefined> {
    for (let line = this.#peek(); ; line = this.#peek()) {
      if (line) return line
      const next = await this.#source.next()
      if (next.done) return undefined
      this.#at = 0
      this.#queue = this.#read(next.value)
    }
  }

  #read({ lines, first, isCut }: Lines): (ContentLine | undefined)[] {
    this.lines += lines.length
    return lines.map((bytes, index) => {
      const line = readContentLine(bytes, first + index)
      if (!line || isCut) {
        const place = { member: CONTENT, line: first + index }
        this.options.findings.add('content_malformed', 'is not the content of a field', place)
      }
      if (!line) this.#malformed += 1
      return line
    })
  }

  /** A line whose record came before it. */
  #joinLate(line: ContentLine): void {
    const row = this.options.table.find(line.seq)
    if (row !== undefined) {
      this.#join(line, row, this.#pending.get(keyOf(line)))
    } else if (!this.options.isDisordered()) {
      this.#fail('content_unknown', 'there is no such record', line)
    }
  }

  #join(line: ContentLine, row: number, commitment: string | undefined): void {
    const { table, erasures } = this.options
    if (!table.isReadable(row)) return
    const { seq, field } = line
    if (!table.isCommitted(row, field)) {
      this.#fail('content_unknown', 'the record does not commit to this field', line)
    } else if (table.isSeen(row, field)) {
      this.#fail('content_duplicate', 'the content is there more than once', line)
    } else {
      const isErased = erasures.isErased(seq, field)
      if (isErased) this.#suspect(line)
      // A late line of an erased field finds no commitment; there is nothing to compare it for.
      if (!isErased || commitment !== undefined) this.#compare(line, commitment)
    }
    table.see(row, field, line.commitment === undefined)
    this.#pending.delete(keyOf(line))
  }

  /** Whether the erasure was authorised is known only after the last record. */
  #suspect(line: ContentLine): void {
    if (this.#suspects.length < MAX_SUSPECTS) this.#suspects.push(line)
    else this.#fail('erasure_not_executed', STILL_THERE, line)
  }

  #compare(line: ContentLine, commitment: string | undefined): void {
    if (line.commitment === undefined) this.withheld += 1
    else if (line.commitment === commitment) this.matched += 1
    else this.#fail('commitment', 'the content is not what the record committed to', line)
  }

  /** What a record has no content for is erased, or still to come. */
  #leave({ seq, row, commitments = {} }: CommittedRecord): void {
    const { table, erasures } = this.options
    for (const field of COMMITTED_FIELDS) {
      const commitment = commitments[field]
      if (commitment === undefined || table.isSeen(row, field)) continue
      if (erasures.isErased(seq, field)) this.erased += 1
      else if (this.#pending.size < MAX_PENDING)
        this.#pending.set(keyOf({ seq, field }), commitment)
      else this.#missing(keyOf({ seq, field }))
    }
  }

  #missing(key: string): void {
    const [seq = '', field = ''] = key.split('/')
    const place = { seq: BigInt(seq), field, member: CONTENT }
    const detail = 'is neither there nor withheld, and no erasure is authorised'
    this.options.findings.add('content_missing', detail, place, RESTS_ON)
  }

  /**
   * Erasures that the records know and erasures.jsonl does not list. One that came while the bundle was
   * written may leave what it erases withheld; a value must not be there, nor be missing without a word.
   */
  #checkUnlisted(): void {
    const { table, erasures, findings } = this.options
    for (const { seq, fields, intervals } of erasures.unlisted) {
      let isConcerned = false
      const rows = intervals.flatMap(({ first, last }) => [...table.fieldsWithin(first, last)])
      for (const [row, field] of rows) {
        const target = { seq: table.sequenceOf(row), field }
        if (target.seq >= seq || !fields.includes(field)) continue
        if (this.#pending.delete(keyOf(target))) isConcerned = true
        else if (table.isValueSeen(row, field)) {
          const place = { ...target, member: CONTENT }
          const detail = 'a record had this field erased, and it is there'
          findings.add('erasure_not_executed', detail, place, RESTS_ON)
        }
      }
      if (!isConcerned) continue
      const detail = 'the record had content erased, and is not listed'
      findings.add('erasure_mismatch', detail, { seq, member: ERASURES }, [RECORDS, CONTENT])
    }
  }

  #fail(
    code: 'content_unknown' | 'content_duplicate' | 'erasure_not_executed' | 'commitment',
    detail: string,
    { seq, field, line }: ContentLine,
  ): void {
    const place: Place = { seq, field, member: CONTENT, line }
    this.options.findings.add(code, detail, place, RESTS_ON)
  }
}

function keyOf({ seq, field }: { readonly seq: bigint; readonly field: CommittedField }): string {
  return `${seq}/${field}`
}
