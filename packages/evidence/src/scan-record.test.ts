import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalize, canonicalText } from './canonical.js'
import { ACTOR_KINDS, ACTOR_VIAS, type Envelope, readEnvelope } from './envelope.js'
import { EvidenceError } from './failure.js'
import { readRecord, readRecordFacts } from './read-record.js'
import { COMMITTED_FIELDS, RECORD_TYPES } from './record-types.js'
import { scanRecord } from './scan-record.js'

const hex = (length: number) =>
  fc.string({
    unit: fc.constantFrom(...Array.from('0123456789abcdef')),
    minLength: length,
    maxLength: length,
  })
const uuid = fc
  .tuple(hex(8), hex(4), hex(3), hex(3), hex(12))
  .map(([a, b, c, d, e]) => `${a}-${b}-7${c}-a${d}-${e}`)
const time = fc
  .date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString().replace('Z', '456Z'))
const label = fc.string({ minLength: 1, maxLength: 20 }).filter((text) => !text.includes(' '))
const commitment = fc.uint8Array({ minLength: 32, maxLength: 32 })

const key = fc.string({ minLength: 1, maxLength: 12 }).filter((name) => name !== '__proto__')
const leaf = fc.oneof(
  fc.string(),
  fc.string({ unit: 'grapheme' }),
  fc.maxSafeInteger().filter((number) => !Object.is(number, -0)),
  fc.boolean(),
)
const { attrs: value } = fc.letrec<{ attrs: unknown }>((tie) => ({
  attrs: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.array(tie('attrs'), { maxLength: 4 }),
    fc.dictionary(key, tie('attrs'), { maxKeys: 4 }),
  ),
}))

const envelope = fc.record(
  {
    v: fc.constant(1),
    org: uuid,
    inc: uuid,
    seq: fc.bigInt(0n, 2n ** 63n + 9n).map(String),
    id: uuid,
    type: fc.constantFrom(...RECORD_TYPES),
    occurred_at: time,
    recorded_at: time,
    actor: fc.record(
      {
        kind: fc.constantFrom(...ACTOR_KINDS),
        pid: label,
        role: label,
        via: fc.constantFrom(...ACTOR_VIAS),
      },
      { requiredKeys: ['kind'] },
    ),
    ref: uuid,
    trace: hex(32),
    attrs: fc
      .tuple(fc.dictionary(key, value, { maxKeys: 6 }), fc.option(fc.oneof(time, value)))
      .map(([members, due]) => (due === null ? members : { ...members, ends_by: due })),
    commitments: fc
      .dictionary(fc.constantFrom(...COMMITTED_FIELDS), commitment, { minKeys: 1 })
      .map((fields) =>
        Object.fromEntries(
          Object.entries(fields).map(([name, b]) => [name, Buffer.from(b).toString('base64')]),
        ),
      ),
    kid: fc.string({
      unit: fc.constantFrom('a', 'Z', '0', '9', '.', '_', '-'),
      minLength: 1,
      maxLength: 64,
    }),
  },
  {
    requiredKeys: [
      'v',
      'org',
      'inc',
      'seq',
      'id',
      'type',
      'occurred_at',
      'recorded_at',
      'actor',
      'attrs',
      'kid',
    ],
  },
)

const FIELDS = [
  'org',
  'inc',
  'seq',
  'id',
  'type',
  'occurred_at',
  'recorded_at',
  'ref',
  'kid',
] as const

/** The slow and obvious reading that the scan stands in for: an envelope, or the code of the error. */
function readSlowly(text: string): Envelope | string {
  try {
    let parsed: unknown
    try {
      parsed = JSON.parse(text)
    } catch {
      return 'canonical_malformed'
    }
    if (canonicalText(parsed) !== text) return 'canonical_form'
    return readEnvelope(parsed)
  } catch (error) {
    return error instanceof EvidenceError ? error.code : 'another error'
  }
}

function attempt<T>(read: () => T): T | string {
  try {
    return read()
  } catch (error) {
    return error instanceof EvidenceError ? error.code : 'another error'
  }
}

function assertSame(text: string): void {
  const slow = readSlowly(text)
  const bytes = Buffer.from(text)
  const facts = attempt(() => readRecordFacts(bytes))
  expect(attempt(() => readRecord(bytes))).toEqual(slow)
  if (typeof slow === 'string') {
    expect(scanRecord(text)).toBeUndefined()
    expect(facts).toBe(slow)
    return
  }
  const expected = FIELDS.map((field) => slow[field])
  const due = slow.attrs['ends_by']
  for (const found of [facts, scanRecord(text)]) {
    if (found === undefined) continue
    expect(FIELDS.map((field) => (found as unknown as Envelope)[field])).toEqual(expected)
    const { endsBy } = found as { endsBy: unknown }
    expect(typeof endsBy === 'string' ? endsBy : undefined).toBe(
      typeof due === 'string' ? due : undefined,
    )
  }
}

/** What is cut out, put in or exchanged, so that most results are nearly right. */
const PIECES = [
  ...['"', ',', ':', '{', '}', '[', ']', '\\', ' ', '\n', '\0', '0', '-', '-0', '1', '1.0', '1e3'],
  ...['null', 'true', 'fals', '""', '"":1,', '{}', '[]', ',"', '"a":1,', '"__proto__":1,', 'é'],
  ...['\u{1f600}', '\ud800', '\u007f', '00', '9007199254740993', '"v":1', '"commitments":{},'],
  ...['"ends_by":"x",', '\u2028', '\\u0041', '"\\n"', '"ref":', '.', 'A', 'g', '99'],
]

describe('scanRecord', () => {
  test('finds in a record what reading it finds', () => {
    let scanned = 0
    fc.assert(
      fc.property(envelope, (made) => {
        const text = canonicalText(made)
        if (scanRecord(text)) scanned += 1
        assertSame(text)
      }),
      { numRuns: 2_000 },
    )
    expect(scanned).toBeGreaterThan(100)
  })

  test('never accepts what reading refuses: cut, inserted, exchanged, repeated', () => {
    fc.assert(
      fc.property(
        envelope,
        fc.array(
          fc.record({
            at: fc.double({ min: 0, max: 1, noNaN: true }),
            cut: fc.oneof(fc.constantFrom(0, 1, 2), fc.nat(60)),
            piece: fc.oneof(fc.constantFrom('', ...PIECES), fc.string({ maxLength: 3 })),
            copied: fc.boolean(),
          }),
          { minLength: 1, maxLength: 3 },
        ),
        (made, edits) => {
          let text = canonicalText(made)
          for (const { at, cut, piece, copied } of edits) {
            const place = Math.floor(at * text.length)
            const rest = text.slice(place + (copied ? 0 : cut))
            text = text.slice(0, place) + (copied ? text.slice(place, place + cut) : piece) + rest
          }
          if (!/\p{Surrogate}/u.test(text)) assertSame(text)
        },
      ),
      { numRuns: 5_000 },
    )
  })

  const RECORD = {
    v: 1,
    org: '11111111-1111-4111-8111-111111111111',
    inc: '0193a5f0-0000-7000-8000-000000000001',
    seq: '7',
    id: '0193a5f0-0000-7000-8000-000000000002',
    type: 'chat.started',
    occurred_at: '2026-11-23T10:15:30.123456Z',
    recorded_at: '2026-11-23T10:15:30.223001Z',
    actor: { kind: 'user', pid: 'ab', role: 'member', via: 'jwt' },
    ref: '0193a5f0-0000-7000-8000-000000000003',
    trace: 'ab'.repeat(16),
    attrs: { a: [1, -2, true], b: { c: 'x' }, ends_by: '2026-11-23T10:20:30.123456Z' },
    commitments: { prompt: Buffer.alloc(32).toString('base64') },
    kid: 'mac-1',
  }

  test('scans an ordinary record, and gives up on an escape', () => {
    expect(scanRecord(canonicalText(RECORD))).toMatchObject({
      seq: '7',
      endsBy: '2026-11-23T10:20:30.123456Z',
    })
    expect(scanRecord(canonicalText({ ...RECORD, attrs: { a: '\n' } }))).toBeUndefined()
    expect(readRecordFacts(canonicalize({ ...RECORD, attrs: { a: '\n' } }))).toMatchObject({
      seq: '7',
      endsBy: undefined,
    })
  })

  test('with any single byte changed, the answer is the same as without a scan', () => {
    const bytes = canonicalize(RECORD)
    for (let at = 0; at < bytes.length; at += 1) {
      const bits = Array.from({ length: 7 }, (_, bit) => (bytes[at] ?? 0) ^ (1 << bit))
      for (const byte of [...bits, ...Buffer.from('\0\n "\\,:{}[]-0z')]) {
        const other = Buffer.from(bytes)
        other[at] = byte
        assertSame(other.toString('latin1'))
      }
    }
  })

  test.each([
    ['a comma before the end of the commitments', (text: string) => text.replace('="}', '=","}')],
    [
      'empty commitments',
      (text: string) => text.replace(/"commitments":\{[^}]*\}/, '"commitments":{}'),
    ],
    ['a day that does not exist', (text: string) => text.replaceAll('2026-11-23', '2026-02-30')],
    ['a sequence beyond 2^63-1', (text: string) => text.replace('"7"', '"9223372036854775808"')],
    ['a sequence with a zero in front', (text: string) => text.replace('"7"', '"07"')],
    ['an unknown type', (text: string) => text.replace('chat.started', 'chat.starter')],
    ['keys out of order', (text: string) => text.replace('"a":', '"z":')],
    ['a key twice', (text: string) => text.replace('"b":', '"a":')],
    ['an empty key', (text: string) => text.replace('"a":', '"":')],
    ['minus zero', (text: string) => text.replace('-2', '-0')],
    ['text after the end', (text: string) => `${text}\n`],
  ])('refuses %s', (_, spoil) => {
    const spoiled = spoil(canonicalText(RECORD))
    expect(spoiled).not.toBe(canonicalText(RECORD))
    assertSame(spoiled)
    expect(typeof readSlowly(spoiled)).toBe('string')
  })

  test('refuses what is nested deeper than the rules allow', () => {
    for (let depth = 1; depth <= 20; depth += 1) {
      assertSame(canonicalText(RECORD).replace('[1,', `[${'['.repeat(depth)}${']'.repeat(depth)},`))
    }
  })
})
