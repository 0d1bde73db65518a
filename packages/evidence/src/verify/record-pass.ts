import type { Commitments, Envelope } from '../envelope.js'
import { EvidenceError, type FailureCode } from '../failure.js'
import { leafHash } from '../merkle/hash.js'
import { readRecord } from '../read-record.js'
import { COMMITTED_FIELDS } from '../record-types.js'
import type { Erasures } from './erasures.js'
import type { Findings } from './findings.js'
import { IdSet } from './id-set.js'
import type { Keys } from './keys.js'
import type { Manifest } from './manifest.js'
import type { OpenChats } from './open-chats.js'
import type { PeriodCheck } from './period.js'
import type { LoneRecord } from './proofs.js'
import { readRecordLine } from './record-line.js'
import { RecordOrder } from './record-order.js'
import type { RecordTable } from './record-table.js'
import type { Tree } from './tree.js'

export const RECORDS = 'records.jsonl'

/** A record whose committed fields await their content. */
export interface CommittedRecord {
  readonly seq: bigint
  readonly row: number
  /** Undefined when the bytes cannot be read. */
  readonly commitments: Commitments | undefined
}

export interface RecordPassOptions {
  readonly manifest: Manifest
  readonly findings: Findings
  readonly table: RecordTable
  readonly tree: Tree | undefined
  readonly keys: Keys
  readonly erasures: Erasures
  readonly period: PeriodCheck
  readonly chats: OpenChats
}

/** Checks records one by one, in the order of the file (SPEC.md, sections 2 and 7). */
export class RecordPass {
  /** Lines read. */
  lines = 0
  /** Records that have to have an audit path of their own. */
  lone = 0
  readonly ids = new IdSet()
  readonly order: RecordOrder
  #previousTime = ''
  #isDisordered = false

  constructor(private readonly options: RecordPassOptions) {
    this.order = new RecordOrder(options.manifest)
  }

  /** A line is missing, misplaced or unreadable: what other members say of it cannot be judged. */
  get isDisordered(): boolean {
    return this.#isDisordered || this.order.gaps.length > 0
  }

  /** Checks a line; what else it needs is added to `committed` and `lone`. */
  check(
    bytes: Uint8Array,
    { committed, lone }: { readonly committed: CommittedRecord[]; readonly lone: LoneRecord[] },
  ): void {
    this.lines += 1
    const line = readRecordLine(bytes)
    if (!line) {
      this.#fail('record_malformed', 'is not {seq, canonical, mac}', undefined)
      this.order.skipLine()
      this.#isDisordered = true
      return
    }
    const { seq, canonical } = line
    const misplacement = this.order.place(seq)
    if (misplacement) {
      this.#fail(misplacement, DETAILS[misplacement], seq)
      this.#isDisordered = true
      return
    }
    const envelope = canonical ? this.#read(canonical, seq) : undefined
    if (!canonical) this.#fail('record_malformed', 'canonical or mac is not base64', seq)
    const isSound = envelope !== undefined && this.#checkEnvelope(envelope, seq)
    const leaf = canonical && leafHash(canonical)
    if (this.order.isInside(seq)) this.options.tree?.append(seq, leaf, isSound)
    else if (leaf) {
      this.lone += 1
      lone.push({ seq, leaf, isBroken: !isSound })
    }
    committed.push(this.#remember(envelope, seq))
  }

  /** The last line was not ended. */
  cut(): void {
    this.#fail('record_malformed', 'the last line is not ended', undefined)
  }

  /** What can be said only after the last line. */
  finish(): void {
    for (const { first, last } of this.order.gaps) {
      const detail = first === last ? 'the record is missing' : `records are missing up to ${last}`
      this.options.findings.add('seq_gap', detail, { seq: first, member: RECORDS })
      this.#isDisordered = true
    }
    if (this.lines === 0) this.#fail('empty', 'there is no record', undefined)
    else if (this.order.isShort) {
      this.#fail('record_count', 'there are fewer records than the bundle covers', undefined)
    } else return
    this.#isDisordered = true
  }

  #read(canonical: Uint8Array, seq: bigint): Envelope | undefined {
    try {
      return readRecord(canonical)
    } catch (error) {
      if (!(error instanceof EvidenceError)) throw error
      this.#fail(error.code, error.message, seq)
      return undefined
    }
  }

  /** Whether everything the record says of itself holds. */
  #checkEnvelope(envelope: Envelope, seq: bigint): boolean {
    const { manifest, period, keys, erasures, chats } = this.options
    const failures: [FailureCode, boolean][] = [
      ['wrong_org', envelope.org !== manifest.org],
      ['wrong_incarnation', envelope.inc !== manifest.inc],
      ['seq_mismatch', envelope.seq !== String(seq)],
      ['genesis', !isGenesisRight(envelope, seq, manifest)],
      ['clock_backwards', envelope.recorded_at < this.#previousTime],
      ['id_duplicate', !this.ids.add(envelope.id)],
    ]
    const found = failures.filter(([, isFailure]) => isFailure)
    for (const [code] of found) this.#fail(code, ENVELOPE_DETAILS[code] ?? '', seq)
    this.#previousTime = envelope.recorded_at
    // A clock that goes back has been reported; that it leaves the period follows from that.
    if (!found.some(([code]) => code === 'clock_backwards')) period.record(envelope, seq)
    keys.record(envelope, seq)
    erasures.record(envelope, seq)
    chats.record(envelope)
    return found.length === 0
  }

  #remember(envelope: Envelope | undefined, seq: bigint): CommittedRecord {
    const commitments = envelope && (envelope.commitments ?? {})
    const fields =
      commitments && COMMITTED_FIELDS.filter((field) => commitments[field] !== undefined)
    const row = this.options.table.add(seq, fields)
    return { seq, row, commitments }
  }

  #fail(code: FailureCode, detail: string, seq: bigint | undefined): void {
    const place = { member: RECORDS, line: this.lines, ...(seq === undefined ? {} : { seq }) }
    const isAboutAll = code === 'empty' || code === 'record_count'
    this.options.findings.add(code, detail, isAboutAll ? { member: RECORDS } : place)
  }
}

const DETAILS = {
  seq_beyond_tree: 'the sequence is not in the tree of the checkpoint',
  seq_duplicate: 'the sequence is there more than once',
  record_order: 'the record comes after a later one',
} as const

const ENVELOPE_DETAILS: Partial<Record<FailureCode, string>> = {
  wrong_org: 'the bytes name another organisation',
  wrong_incarnation: 'the bytes name another incarnation',
  seq_mismatch: 'the bytes name another sequence',
  genesis: 'sequence 0, and no other, is the chain.genesis of this origin',
  clock_backwards: 'recorded_at is before the one of the record before',
  id_duplicate: 'another record has the same id',
}

function isGenesisRight({ type, attrs }: Envelope, seq: bigint, { origin }: Manifest): boolean {
  if (seq !== 0n) return type !== 'chain.genesis'
  return type === 'chain.genesis' && attrs['origin'] === origin
}
