import type { Envelope } from '../envelope.js'
import { EvidenceError } from '../failure.js'
import { formatVkey, readVkey, type VerifierKey } from '../note/vkey.js'
import type { Findings, Place } from './findings.js'
import { readLine, readLines } from './json-lines.js'
import { hasKeys, isText, readSequence } from './json-object.js'
import type { MemberReader } from './member-reader.js'

export const KEYS = 'keys.jsonl'

/** A line of keys.jsonl: a vkey, or the id of a key that makes MACs. */
interface KeyLine {
  readonly use: 'checkpoint' | 'mac'
  readonly name: string
  readonly seq: bigint
  readonly line: number
}

export interface Keys {
  /** Lines read. */
  readonly lines: number
  /** Notes what a record says about keys, and which key sealed it. */
  record(envelope: Envelope, seq: bigint): void
  /** Holds every line against the records. `isLost`: the record may be one that cannot be read. */
  finish(isLost: (seq: bigint) => boolean): void
  /** Holds who signed a checkpoint against the list of keys and their retirement. */
  checkSigners(note: SignedNote): void
}

export interface SignedNote {
  readonly member: string
  readonly size: bigint
  readonly signedBy: readonly VerifierKey[]
  /** Whether one of its keys has to be on the list. */
  readonly mustBeListed: boolean
}

/** `isFull`: every record is in the bundle, so a key that none of them announces was not announced. */
export async function readKeys(
  members: MemberReader,
  findings: Findings,
  isFull: boolean,
): Promise<Keys> {
  const listed: KeyLine[] = []
  let count = 0
  for await (const { lines, first, isCut } of readLines(members.stream(KEYS))) {
    for (const [index, bytes] of lines.entries()) {
      const line = readKeyLine(readLine(bytes), first + index)
      count += 1
      if (line) listed.push(line)
      if (!line || isCut) {
        findings.add('keys_malformed', 'is not a key', { member: KEYS, line: first + index })
      }
    }
  }
  return new AnnouncedKeys(listed, count, findings, { isWhole: listed.length === count, isFull })
}

const RECORDS = ['records.jsonl']

class AnnouncedKeys implements Keys {
  /** Genesis and key.announced records of the bundle, by sequence. */
  readonly #records = new Map<bigint, Envelope>()
  readonly #retiredAt = new Map<string, bigint>()
  /** Key ids of MACs that have been looked up. */
  readonly #macs = new Map<string, bigint | undefined>()
  readonly #reported = new Set<string>()

  constructor(
    private readonly listed: readonly KeyLine[],
    readonly lines: number,
    private readonly findings: Findings,
    /** Whether every line could be read, and every record of the log is there. */
    private readonly scope: { readonly isWhole: boolean; readonly isFull: boolean },
  ) {
    for (const { use, name, seq } of listed) {
      if (use === 'mac') this.#announce(name, seq)
    }
  }

  record(envelope: Envelope, seq: bigint): void {
    const { type, kid, attrs } = envelope
    if (type === 'chain.genesis') this.#announce(kid, seq)
    this.#checkKid(kid, seq)
    if (type === 'key.announced' && attrs['use'] === 'mac' && isText(attrs['kid'])) {
      this.#announce(attrs['kid'], seq)
    }
    if (type !== 'chain.genesis' && type !== 'key.announced') return
    this.#records.set(seq, envelope)
    const { retires } = attrs
    if (isText(retires) && !this.#retiredAt.has(retires)) this.#retiredAt.set(retires, seq)
  }

  #announce(kid: string, seq: bigint): void {
    const known = this.#macs.get(kid)
    this.#macs.set(kid, known === undefined || seq < known ? seq : known)
  }

  /** A range may leave out the record that announced a key: SPEC.md does not ask for a line of it. */
  #checkKid(kid: string, seq: bigint): void {
    const from = this.#macs.get(kid)
    const isKnown = from !== undefined && from <= seq
    const { isWhole, isFull } = this.scope
    if (isKnown || !isWhole || !isFull || this.#reported.has(kid)) return
    this.#reported.add(kid)
    const place = { seq, member: 'records.jsonl' }
    this.findings.add('key_unannounced', 'no record announces a key of this kid', place, [KEYS])
  }

  finish(isLost: (seq: bigint) => boolean): void {
    for (const key of this.listed) {
      const { seq, line } = key
      const place: Place = { seq, member: KEYS, line }
      const record = this.#records.get(seq)
      if (record ? !announces(record, key) : !isLost(seq)) {
        const detail = record ? 'the record names another key' : 'no record announces it'
        this.findings.add('keys_mismatch', detail, place, RECORDS)
      }
    }
  }

  checkSigners({ member, size, signedBy, mustBeListed }: SignedNote): void {
    const vkeys = signedBy.map(formatVkey)
    const listed = vkeys.filter((vkey) => this.listed.some(({ name }) => name === vkey))
    const place = { member }
    if (mustBeListed && listed.length === 0) {
      if (!this.scope.isWhole) return
      this.findings.add('key_unannounced', 'the key that signed is not listed', place, [KEYS])
      return
    }
    const isRetired = (vkey: string): boolean => (this.#retiredAt.get(vkey) ?? size) < size
    const counting = mustBeListed ? listed : vkeys
    if (counting.length > 0 && counting.every(isRetired)) {
      this.findings.add('key_retired', 'the key that signed was retired before', place, RECORDS)
    }
  }
}

/** Whether a genesis or key.announced record names this key. A genesis uses its kid by having it. */
function announces({ type, kid, attrs }: Envelope, { use, name }: KeyLine): boolean {
  if (type === 'chain.genesis') return (use === 'mac' ? kid : attrs['vkey']) === name
  return attrs['use'] === use && (use === 'mac' ? attrs['kid'] : attrs['vkey']) === name
}

function readKeyLine(
  value: Record<string, unknown> | undefined,
  line: number,
): KeyLine | undefined {
  if (!value) return undefined
  const { use } = value
  if (use !== 'checkpoint' && use !== 'mac') return undefined
  const key = use === 'mac' ? 'kid' : 'vkey'
  const name = value[key]
  if (!hasKeys(value, ['use', key, 'seq']) || !isText(name)) return undefined
  if (use === 'checkpoint' && !isVkey(name)) return undefined
  const seq = readSequence(value['seq'])
  return seq === undefined ? undefined : { use, name, seq, line }
}

function isVkey(text: string): boolean {
  try {
    readVkey(text)
    return true
  } catch (error) {
    if (error instanceof EvidenceError) return false
    throw error
  }
}
