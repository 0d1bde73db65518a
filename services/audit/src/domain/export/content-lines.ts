import { mib } from '@lexcustis/core'
import { COMMITTED_FIELDS, type CommittedField, type Commitments } from '@lexcustis/evidence'
import type { OrganizationLog } from '../checkpoint-store.js'
import type { StoredContent } from '../ports.js'
import { envelopeOf } from '../same-record.js'
import type { StoredBytes } from '../signing/ports.js'
import type { ErasureLedger } from './erasure-ledger.js'
import type { FieldOpener } from './open-field.js'
import type { ExportReader } from './ports.js'

export interface ContentDeps {
  readonly reader: Pick<ExportReader, 'records' | 'contentSizes' | 'contents'>
  readonly log: OrganizationLog
  readonly ledger: ErasureLedger
  readonly open: FieldOpener
  readonly signal: AbortSignal
}

interface CommittedRecord {
  readonly sequence: bigint
  readonly commitments: Commitments
}

const PAGE = 256
/** Encrypted content that is in memory at once, unless one record has more. */
const GROUP_BYTES = mib(4)
/** Only a text that has this can be a record with commitments; the rest need not be parsed. */
const MARK = Buffer.from('"commitments":{')

/** Lines of content.jsonl, in sequence order, and how many there are (SPEC.md, section 8). */
export class ContentLines {
  count = 0
  /** Lines of records from `begin` to below `end` are written. */
  readonly written: { begin: bigint; end: bigint }

  constructor(
    private readonly deps: ContentDeps,
    begin: bigint,
  ) {
    this.written = { begin, end: begin }
  }

  /** Of records with from ≤ sequence < to; from is where the call before ended. */
  async *lines(from: bigint, to: bigint): AsyncGenerator<string> {
    const { reader, log, signal } = this.deps
    for (let next = from; next < to;) {
      signal.throwIfAborted()
      const page = await reader.records(log, next, to, PAGE)
      const last = page.at(-1)
      const end = last ? last.sequence + 1n : to
      const records = page.flatMap(committed)
      for (const group of await this.#groups(records)) yield* this.#groupLines(group)
      this.written.end = end
      next = end
    }
  }

  /**
   * Of a record beside the range, which is there to prove where the range begins or ends. What it says
   * was not asked for.
   */
  async *besideLines(sequence: bigint): AsyncGenerator<string> {
    const { reader, log, ledger } = this.deps
    const [record] = (await reader.records(log, sequence, sequence + 1n, 1)).flatMap(committed)
    if (record) {
      await ledger.refresh(this.written)
      const fateOf = ledger.fates(sequence, sequence + 1n)
      for (const field of fieldsOf(record)) {
        if (fateOf(sequence, field)?.is === 'erased') continue
        yield this.#line({ seq: String(sequence), field, withheld: 'outside_period' })
      }
    }
    this.written.end = sequence + 1n
  }

  async *#groupLines(group: readonly CommittedRecord[]): AsyncGenerator<string> {
    const { reader, log, ledger, signal } = this.deps
    const [begin, end] = [group[0]?.sequence ?? 0n, (group.at(-1)?.sequence ?? -1n) + 1n]
    signal.throwIfAborted()
    const rows = await reader.contents(log, begin, end)
    // In this order: what is gone was authorised before.
    await ledger.refresh({ ...this.written, end: begin })
    const fateOf = ledger.fates(begin, end)
    const stored = new Map(rows.map((row) => [`${row.sequence}/${row.field}`, row]))
    for (const record of group) {
      for (const field of fieldsOf(record)) {
        const fate = fateOf(record.sequence, field)
        if (fate?.is === 'erased') continue
        const place = { seq: String(record.sequence), field }
        if (fate) yield this.#line({ ...place, withheld: fate.why })
        else yield* this.#value(place, record, stored)
      }
    }
  }

  /** What is gone without authority has no line: a verifier is to see that it is missing. */
  *#value(
    place: { readonly seq: string; readonly field: CommittedField },
    { commitments }: CommittedRecord,
    stored: ReadonlyMap<string, StoredContent>,
  ): Generator<string> {
    const { seq, field } = place
    const opened = this.deps.open(stored.get(`${seq}/${field}`), commitments[field] ?? '')
    if (opened.is === 'locked') yield this.#line({ ...place, withheld: 'key_not_held' })
    if (opened.is !== 'open') return
    yield this.#line({ ...place, salt: opened.salt, value: opened.value })
  }

  #line(line: Readonly<Record<string, string>>): string {
    this.count += 1
    return `${JSON.stringify(line)}\n`
  }

  /** Records whose content fits into memory together. */
  async #groups(records: readonly CommittedRecord[]): Promise<CommittedRecord[][]> {
    const [first, last] = [records[0], records.at(-1)]
    if (!first || !last) return []
    const { reader, log } = this.deps
    const sizes = await reader.contentSizes(log, first.sequence, last.sequence + 1n)
    const sizeOf = new Map(sizes.map(({ sequence, sizeBytes }) => [sequence, sizeBytes]))
    const groups: CommittedRecord[][] = []
    let room = 0
    for (const record of records) {
      const sizeBytes = sizeOf.get(record.sequence) ?? 0
      if (sizeBytes > room || groups.length === 0) {
        groups.push([])
        room = GROUP_BYTES
      }
      groups.at(-1)?.push(record)
      room -= sizeBytes
    }
    return groups
  }
}

function committed(record: StoredBytes): CommittedRecord[] {
  if (!record.canonical.includes(MARK)) return []
  const commitments = envelopeOf(record)?.commitments
  return commitments ? [{ sequence: record.sequence, commitments }] : []
}

function fieldsOf({ commitments }: CommittedRecord): CommittedField[] {
  return COMMITTED_FIELDS.filter((field) => commitments[field] !== undefined)
}
