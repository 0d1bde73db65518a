import { COMMITTED_FIELDS, type CommittedField } from '../record-types.js'

const UNREADABLE = 1 << 7
const FIRST_ROWS = 1 << 10

/** What is remembered of every record: 11 bytes. Rows are in ascending order of their sequences. */
export class RecordTable {
  #sequences = new BigUint64Array(FIRST_ROWS)
  #committed = new Uint8Array(FIRST_ROWS)
  #seen = new Uint8Array(FIRST_ROWS)
  #withheld = new Uint8Array(FIRST_ROWS)
  #size = 0

  /** `fields` undefined: the bytes of the record cannot be read. Returns its row. */
  add(sequence: bigint, fields: readonly CommittedField[] | undefined): number {
    if (this.#size === this.#sequences.length) this.#grow()
    const row = this.#size
    this.#sequences[row] = sequence
    this.#committed[row] = fields?.reduce((mask, field) => mask | bitOf(field), 0) ?? UNREADABLE
    this.#seen[row] = 0
    this.#withheld[row] = 0
    this.#size += 1
    return row
  }

  /** Row of a sequence; undefined when there is no such record. */
  find(sequence: bigint): number | undefined {
    const row = this.#firstFrom(sequence)
    return row < this.#size && this.#sequences[row] === sequence ? row : undefined
  }

  isReadable(row: number): boolean {
    return this.#committed[row] !== UNREADABLE
  }

  isCommitted(row: number, field: CommittedField): boolean {
    return this.isReadable(row) && ((this.#committed[row] as number) & bitOf(field)) !== 0
  }

  isSeen(row: number, field: CommittedField): boolean {
    return ((this.#seen[row] as number) & bitOf(field)) !== 0
  }

  /** Whether the value itself was there. */
  isValueSeen(row: number, field: CommittedField): boolean {
    return this.isSeen(row, field) && ((this.#withheld[row] as number) & bitOf(field)) === 0
  }

  /** A line about this field has been there, with its value or with the word that it is withheld. */
  see(row: number, field: CommittedField, isWithheld: boolean): void {
    this.#seen[row] = (this.#seen[row] as number) | bitOf(field)
    if (isWithheld) this.#withheld[row] = (this.#withheld[row] as number) | bitOf(field)
  }

  /** Committed fields of records in [first, last], by row. */
  *fieldsWithin(first: bigint, last: bigint): Generator<readonly [row: number, CommittedField]> {
    for (let row = this.#firstFrom(first); row < this.#size; row += 1) {
      if ((this.#sequences[row] as bigint) > last) return
      for (const field of COMMITTED_FIELDS) if (this.isCommitted(row, field)) yield [row, field]
    }
  }

  sequenceOf(row: number): bigint {
    return this.#sequences[row] as bigint
  }

  #firstFrom(sequence: bigint): number {
    let low = 0
    let high = this.#size
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#sequences[middle] as bigint) < sequence) low = middle + 1
      else high = middle
    }
    return low
  }

  #grow(): void {
    const rows = this.#size * 2
    const sequences = new BigUint64Array(rows)
    const committed = new Uint8Array(rows)
    const seen = new Uint8Array(rows)
    const withheld = new Uint8Array(rows)
    sequences.set(this.#sequences)
    committed.set(this.#committed)
    seen.set(this.#seen)
    withheld.set(this.#withheld)
    this.#sequences = sequences
    this.#committed = committed
    this.#seen = seen
    this.#withheld = withheld
  }
}

function bitOf(field: CommittedField): number {
  return 1 << COMMITTED_FIELDS.indexOf(field)
}
