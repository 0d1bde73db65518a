import type { KeyObject } from 'node:crypto'
import { createRecordMac, genesisMac, type RecordMac } from './chain.js'
import type { Envelope } from './envelope.js'
import { type BreakCode, EvidenceError } from './failure.js'
import { HASH_BYTES, leafHash } from './merkle/hash.js'
import { readRecordFacts } from './read-record.js'
import type { RecordFacts } from './scan-record.js'

/** A record as a database holds it: the bytes, and columns beside them that must agree. */
export interface StoredRecord {
  readonly sequence: bigint
  readonly canonical: Buffer
  readonly leaf: Buffer
  readonly mac: Buffer
  readonly projection: Projection
}

/** What queries use instead of the bytes. Absent is undefined, as in the envelope. */
export interface Projection {
  readonly id: string
  readonly type: string
  readonly ref: string | undefined
  readonly occurredAt: string
  readonly recordedAt: string
  /** `attrs.ends_by` of a `chat.started`. */
  readonly endsBy: string | undefined
}

export interface Break {
  readonly code: BreakCode
  readonly sequence: bigint
  /** For people. Never quotes a value of the record. */
  readonly detail: string
}

export interface ChainVerifierOptions {
  readonly org: string
  readonly inc: string
  /** K_org for a key id, or undefined when there is no such key. */
  readonly keyOf: (kid: string) => KeyObject | undefined
  /** The first record of a log whose older ones were pruned; absent: sequence 0. */
  readonly start?: { readonly sequence: bigint; readonly previousMac: Buffer } | undefined
}

export interface ChainVerifier {
  /** Checks the next record, in sequence order; returns everything about it that does not hold. */
  check(record: StoredRecord): readonly Break[]
  /** Records checked so far. */
  readonly checked: bigint
}

/** The columns that belong to an envelope; a writer fills them with this, a verifier compares. */
export function projectionOf(
  envelope: Pick<Envelope, 'id' | 'type' | 'occurred_at' | 'recorded_at'> & {
    readonly ref?: string | undefined
  },
  endsBy: unknown,
): Projection {
  const isStart = envelope.type === 'chat.started'
  return {
    id: envelope.id,
    type: envelope.type,
    ref: envelope.ref,
    occurredAt: envelope.occurred_at,
    recordedAt: envelope.recorded_at,
    endsBy: isStart && typeof endsBy === 'string' ? endsBy : undefined,
  }
}

/**
 * Verifies one incarnation record by record, from sequence 0 or a start, in constant memory. A broken
 * record does not stop it: the next one is checked against what is stored, so each break shows where it
 * is. A record after a gap has no known predecessor, and its MAC cannot be checked; the gap says so.
 */
export function createChainVerifier(options: ChainVerifierOptions): ChainVerifier {
  return new Verifier(options)
}

type Found = (code: BreakCode, detail: string) => void

class Verifier implements ChainVerifier {
  checked = 0n
  #next = 0n
  /** Stored MAC of the record before; undefined before the first and after a gap. */
  #previousMac: Buffer | undefined
  #previousTime = ''
  /** Which key to assume for a record whose bytes cannot be read. */
  #kid: string | undefined
  readonly #keys = new Map<string, ChainKey>()

  constructor(private readonly options: ChainVerifierOptions) {
    this.#next = options.start?.sequence ?? 0n
    this.#previousMac = options.start?.previousMac
  }

  check(record: StoredRecord): readonly Break[] {
    const breaks: Break[] = []
    const found: Found = (code, detail) => {
      breaks.push({ code, sequence: record.sequence, detail })
    }
    const isAdjacent = this.#checkPlace(record, found)
    const facts = this.#read(record, found)
    if (facts) this.#checkFacts(facts, record, found)
    this.#checkHashes(record, isAdjacent, found)
    this.#previousMac = record.mac
    this.checked += 1n
    return breaks
  }

  /** Whether the record follows the one before without a hole. */
  #checkPlace({ sequence }: StoredRecord, found: Found): boolean {
    const expected = this.#next
    if (sequence < expected) {
      found('seq_duplicate', 'this sequence is there more than once')
      return false
    }
    this.#next = sequence + 1n
    if (sequence === expected) return true
    const last = sequence - 1n
    const missing = expected === last ? `${expected} is` : `${expected} to ${last} are`
    found('seq_gap', `${missing} missing, so the MAC here cannot be checked`)
    return false
  }

  #read({ canonical }: StoredRecord, found: Found): RecordFacts | undefined {
    try {
      const facts = readRecordFacts(canonical)
      this.#kid = facts.kid
      return facts
    } catch (error) {
      if (!(error instanceof EvidenceError)) throw error
      found(error.code, error.message)
      return undefined
    }
  }

  #checkFacts(facts: RecordFacts, record: StoredRecord, found: Found): void {
    const { org, inc } = this.options
    if (facts.org !== org) found('wrong_org', 'the bytes name another organisation')
    if (facts.inc !== inc) found('wrong_incarnation', 'the bytes name another incarnation')
    if (facts.seq !== String(record.sequence)) {
      found('seq_mismatch', 'the bytes name another sequence')
    }
    if ((facts.type === 'chain.genesis') !== (record.sequence === 0n)) {
      found('genesis', 'sequence 0, and no other, is chain.genesis')
    }
    if (facts.recorded_at < this.#previousTime) {
      found('clock_backwards', 'recorded_at is before the one of the record before')
    }
    this.#previousTime = facts.recorded_at
    const expected = projectionOf(facts, facts.endsBy)
    for (const column of differences(expected, record.projection)) {
      found('projection_mismatch', `the column for ${column} differs from the bytes`)
    }
  }

  #checkHashes(record: StoredRecord, isAdjacent: boolean, found: Found): void {
    if (record.leaf.length !== HASH_BYTES || record.mac.length !== HASH_BYTES) {
      found('record_malformed', `leaf and MAC have ${HASH_BYTES} bytes`)
    }
    const leaf = leafHash(record.canonical)
    if (!leaf.equals(record.leaf)) found('leaf_mismatch', 'the leaf is not the hash of the bytes')
    if (!isAdjacent) return
    const key = this.#keyOf(this.#kid)
    if (!key) {
      found('key_unannounced', 'there is no key of this id, so the MAC cannot be checked')
      return
    }
    const previous = this.#previousMac ?? key.genesis
    if (!key.mac(record.sequence, previous, leaf).equals(record.mac)) {
      found('mac_mismatch', 'the MAC is not the one of these bytes after the record before')
    }
  }

  #keyOf(kid: string | undefined): ChainKey | undefined {
    if (kid === undefined) return undefined
    const known = this.#keys.get(kid)
    if (known) return known
    const { org, inc, keyOf } = this.options
    const key = keyOf(kid)
    if (!key) return undefined
    const made = { genesis: genesisMac(key, org, inc), mac: createRecordMac(key, org) }
    this.#keys.set(kid, made)
    return made
  }
}

interface ChainKey {
  readonly genesis: Buffer
  readonly mac: RecordMac
}

const COLUMNS = ['id', 'type', 'ref', 'occurredAt', 'recordedAt', 'endsBy'] as const

function differences(expected: Projection, stored: Projection): readonly string[] {
  return COLUMNS.filter((name) => expected[name] !== stored[name])
}
