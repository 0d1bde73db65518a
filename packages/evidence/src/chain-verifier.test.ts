import { randomBytes, randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalize, canonicalText, type JsonObject } from './canonical.js'
import { createRecordMac, deriveChainKey, genesisMac } from './chain.js'
import { leafHash } from './merkle/hash.js'
import {
  type Break,
  createChainVerifier,
  type Projection,
  projectionOf,
  type StoredRecord,
} from './chain-verifier.js'
import { type Envelope, envelopeBytes } from './envelope.js'

const org = randomUUID()
const inc = randomUUID()
const master = randomBytes(32)
const key = deriveChainKey({ master, kid: 'mac-1', org, inc })
const macOf = createRecordMac(key, org)
const keyOf = (kid: string) => (kid === 'mac-1' ? key : undefined)
const idOf = (n: number) => `0199c1d2-7a00-7000-8000-${n.toString(16).padStart(12, '0')}`

function envelope(sequence: number, changes: Partial<Envelope> = {}): Envelope {
  const isStart = sequence % 3 === 1
  return {
    v: 1,
    org,
    inc,
    seq: String(sequence),
    id: idOf(sequence),
    type: sequence === 0 ? 'chain.genesis' : isStart ? 'chat.started' : 'auth.failed',
    occurred_at: `2026-11-23T10:15:30.${String(sequence).padStart(6, '0')}Z`,
    recorded_at: `2026-11-23T10:15:31.${String(sequence).padStart(6, '0')}Z`,
    actor: { kind: 'user', pid: 'p', role: 'member', via: 'jwt' },
    ...(sequence % 3 === 2 ? { ref: idOf(sequence - 1), trace: 'ab'.repeat(16) } : {}),
    attrs: isStart ? { ends_by: '2026-11-23T11:15:30.123456Z', word: 'ü 😀' } : { count: sequence },
    kid: 'mac-1',
    ...changes,
  }
}

function seal(envelopes: readonly (Envelope | Buffer)[]): StoredRecord[] {
  let previous = genesisMac(key, org, inc)
  return envelopes.map((source, index) => {
    const canonical = Buffer.isBuffer(source) ? source : canonicalize(source)
    const leaf = leafHash(canonical)
    const mac = macOf(BigInt(index), previous, leaf)
    previous = mac
    const said = Buffer.isBuffer(source) ? envelope(index) : source
    return {
      sequence: BigInt(index),
      canonical,
      leaf,
      mac,
      projection: projectionOf(said, said.attrs['ends_by']),
    }
  })
}

function verify(records: readonly StoredRecord[]): Break[] {
  const verifier = createChainVerifier({ org, inc, keyOf })
  return records.flatMap((record) => [...verifier.check(record)])
}

const codes = (breaks: readonly Break[]) =>
  breaks.map(({ code, sequence }) => `${sequence} ${code}`)
const chain = (length = 8) => Array.from({ length }, (_, n) => envelope(n))

/** A chain whose record at 4 was altered after sealing. */
const altered = (change: (record: StoredRecord) => Partial<StoredRecord>): StoredRecord[] =>
  seal(chain()).map((record) =>
    record.sequence === 4n ? { ...record, ...change(record) } : record,
  )

describe('a chain', () => {
  test('as written verifies, whatever its length', () => {
    const records = seal(chain(50))
    const verifier = createChainVerifier({ org, inc, keyOf })
    expect(records.flatMap((record) => [...verifier.check(record)])).toEqual([])
    expect(verifier.checked).toBe(50n)
  })

  test('cut at its end still verifies: only a checkpoint can tell', () => {
    expect(verify(seal(chain()).slice(0, 5))).toEqual([])
  })

  test('of another organisation, incarnation or key does not', () => {
    const records = seal(chain(3))
    const other = randomUUID()
    const check = (options: Partial<Parameters<typeof createChainVerifier>[0]>) => {
      const verifier = createChainVerifier({ org, inc, keyOf, ...options })
      return new Set(records.flatMap((record) => verifier.check(record).map(({ code }) => code)))
    }
    expect(check({ org: other })).toEqual(new Set(['wrong_org', 'mac_mismatch']))
    // The MAC before sequence 0 names the incarnation; from then on the key does.
    expect(check({ inc: other })).toEqual(new Set(['wrong_incarnation', 'mac_mismatch']))
    const strange = deriveChainKey({ master: randomBytes(32), kid: 'mac-1', org, inc })
    expect(check({ keyOf: () => strange })).toEqual(new Set(['mac_mismatch']))
    expect(check({ keyOf: () => undefined })).toEqual(new Set(['key_unannounced']))
  })
})

describe('every break has its code, and only its place', () => {
  const flip = (bytes: Buffer): Buffer => {
    const copy = Buffer.from(bytes)
    copy[7]! ^= 1
    return copy
  }
  const rewritten = (changes: Partial<Envelope>) => canonicalize(envelope(4, changes))

  test.each<[string, StoredRecord[], string[]]>([
    [
      'bytes',
      altered(() => ({ canonical: rewritten({ actor: { kind: 'user', pid: 'q' } }) })),
      ['4 leaf_mismatch', '4 mac_mismatch'],
    ],
    [
      'bytes and leaf',
      altered(() => {
        const canonical = rewritten({ actor: { kind: 'user', pid: 'q' } })
        return { canonical, leaf: leafHash(canonical) }
      }),
      ['4 mac_mismatch'],
    ],
    ['the leaf', altered(({ leaf }) => ({ leaf: flip(leaf) })), ['4 leaf_mismatch']],
    ['the MAC', altered(({ mac }) => ({ mac: flip(mac) })), ['4 mac_mismatch', '5 mac_mismatch']],
    [
      'a short MAC',
      altered(({ mac }) => ({ mac: mac.subarray(1) })),
      ['4 record_malformed', '4 mac_mismatch', '5 mac_mismatch'],
    ],
    ['a deletion', seal(chain()).filter(({ sequence }) => sequence !== 4n), ['5 seq_gap']],
    ['a deletion at the start', seal(chain()).slice(2), ['2 seq_gap']],
    [
      'a copy',
      seal(chain()).flatMap((record) => (record.sequence === 4n ? [record, record] : [record])),
      ['4 seq_duplicate'],
    ],
    [
      'an insertion',
      altered(() => ({ sequence: 4n })).flatMap((record) =>
        record.sequence === 4n ? [record, { ...record, mac: flip(record.mac) }] : [record],
      ),
      ['4 seq_duplicate', '5 mac_mismatch'],
    ],
    [
      'not UTF-8',
      altered(({ canonical }) => ({ canonical: Buffer.concat([canonical, Buffer.from([0xff])]) })),
      ['4 canonical_malformed', '4 leaf_mismatch', '4 mac_mismatch'],
    ],
  ])('%s', (_, records, expected) => {
    expect(codes(verify(records))).toEqual(expected)
  })

  const sealedWith = (changes: Partial<Envelope>) =>
    seal(chain().map((each, n) => (n === 4 ? { ...each, ...changes } : each)))

  test.each<[string, StoredRecord[], string[]]>([
    ['another organisation', sealedWith({ org: randomUUID() }), ['4 wrong_org']],
    ['another incarnation', sealedWith({ inc: randomUUID() }), ['4 wrong_incarnation']],
    ['another sequence', sealedWith({ seq: '5' }), ['4 seq_mismatch']],
    ['a second genesis', sealedWith({ type: 'chain.genesis', attrs: {} }), ['4 genesis']],
    [
      'a clock going back',
      sealedWith({ recorded_at: '2026-11-23T10:15:31.000002Z' }),
      ['4 clock_backwards'],
    ],
    ['a key nobody knows', sealedWith({ kid: 'mac-2' }), ['4 key_unannounced']],
    [
      'null for absent',
      seal(
        chain().map((each, n) =>
          n === 4
            ? Buffer.from(canonicalize(each).toString().replace('"v":1', '"trace":null,"v":1'))
            : each,
        ),
      ),
      ['4 canonical_form'],
    ],
    [
      'an unknown field',
      seal(chain().map((each, n) => (n === 4 ? canonicalize({ ...each, zzz: 1 }) : each))),
      ['4 envelope_schema'],
    ],
    [
      'no genesis',
      seal(chain().map((each, n) => (n === 0 ? { ...each, type: 'chain.heartbeat' } : each))),
      ['0 genesis'],
    ],
  ])('sealed with %s', (_, records, expected) => {
    expect(codes(verify(records))).toEqual(expected)
  })

  test.each<[keyof Projection, string | undefined]>([
    ['id', idOf(99)],
    ['type', 'chat.completed'],
    ['ref', idOf(1)],
    ['occurredAt', '2026-11-23T10:15:30.999999Z'],
    ['recordedAt', '2026-11-23T10:15:30.999999Z'],
    ['endsBy', undefined],
  ])('the column for %s', (column, value) => {
    const records = altered(({ projection }) => ({
      projection: { ...projection, [column]: value },
    }))
    expect(codes(verify(records))).toEqual(['4 projection_mismatch'])
  })

  test('all of them, not only the first', () => {
    const records = seal(chain()).filter(({ sequence }) => sequence !== 2n && sequence !== 5n)
    records[4] = { ...records[4]!, leaf: Buffer.alloc(32) }
    expect(codes(verify(records))).toEqual(['3 seq_gap', '6 seq_gap', '6 leaf_mismatch'])
  })
})

test('any single byte changed in bytes, leaf or MAC is detected', () => {
  const records = seal(chain(4))
  const place = fc.record({
    record: fc.nat(3),
    part: fc.constantFrom('canonical' as const, 'leaf' as const, 'mac' as const),
    at: fc.nat(),
    mask: fc.integer({ min: 1, max: 255 }),
  })
  fc.assert(
    fc.property(place, ({ record, part, at, mask }) => {
      const copy = Buffer.from(records[record]![part])
      copy[at % copy.length]! ^= mask
      const changed = records.map((each, n) => (n === record ? { ...each, [part]: copy } : each))
      expect(verify(changed)).not.toEqual([])
    }),
  )
})

test('the prepared bytes of an envelope are its canonical bytes', () => {
  const text = fc.string({ unit: 'grapheme' }).filter((value) => !/[\0\ud800-\udfff]/.test(value))
  const attrs = fc.dictionary(
    fc.constantFrom('a', 'b', 'z_e4'),
    fc.oneof(text, fc.maxSafeInteger()),
    { noNullPrototype: true },
  )
  fc.assert(
    fc.property(fc.nat(9), attrs, fc.boolean(), (sequence, given: JsonObject, isCommitted) => {
      const whole = envelope(sequence, {
        attrs: given,
        ...(isCommitted
          ? { commitments: { response: `${'A'.repeat(43)}=`, prompt: `${'B'.repeat(42)}A=` } }
          : {}),
      })
      const { attrs: _attrs, v: _v, ...rest } = whole
      expect(envelopeBytes(rest, canonicalText(given))).toEqual(canonicalize(whole))
    }),
  )
})
