import { canonicalize, formatVkey } from '../src/index.js'
import { editJson, editLines, jsonLines, type Members } from './bundle-builder.js'
import {
  EXCERPT,
  FULL,
  type GoldenCase,
  PLAIN,
  RANGE,
  tamperedCase as bad,
  timeOf,
} from './golden-case.js'
import { goldenLog, logWith, plainLog, retiringLog, STRANGER } from './golden-logs.js'
import { chat, createLog, GENESIS, idOf, type RecordSpec } from './test-log.js'

type Line = Record<string, unknown>
type Tamper = (members: Members) => void

/** Changes the lines of a sequence. */
const lineOf =
  (path: string, seq: number, edit: (line: Line) => object | undefined | object[]): Tamper =>
  (members) =>
    editLines(members, path, (line) => (line['seq'] === String(seq) ? edit(line) : line))
const without = (path: string, ...seqs: number[]): Tamper => {
  return (members) =>
    editLines(members, path, (line) => (seqs.includes(Number(line['seq'])) ? undefined : line))
}
const text =
  (path: string, change: (text: string) => string): Tamper =>
  (members) =>
    members.set(path, Buffer.from(change(members.get(path)!.toString())))
const json =
  (path: string, change: (value: Line) => void): Tamper =>
  (members) =>
    editJson(members, path, change)
const remove =
  (path: string): Tamper =>
  (members) =>
    members.delete(path)
const all =
  (...tampers: readonly Tamper[]): Tamper =>
  (members) => {
    for (const tamper of tampers) tamper(members)
  }
const twice = (line: Line): object[] => [line, line]
const plus =
  (change: object) =>
  (line: Line): object => ({ ...line, ...change })
const also =
  (change: object) =>
  (line: Line): object[] => [line, { ...line, ...change }]

/** Other bytes of a record, canonical again: only what was calculated over it can tell. */
function rewritten({ canonical, ...line }: Line): object {
  const envelope = JSON.parse(Buffer.from(String(canonical), 'base64').toString()) as object
  const bytes = canonicalize({ ...envelope, trace: 'a'.repeat(32) })
  return { ...line, canonical: bytes.toString('base64') }
}

function swapped(path: string, at: number): Tamper {
  return text(path, (lines) => {
    const list = lines.split('\n')
    list.splice(at, 2, list[at + 1]!, list[at]!)
    return list.join('\n')
  })
}

const RECORDS = 'records.jsonl'
const CONTENT = 'content.jsonl'
const ERASURES = 'erasures.jsonl'
const KEYS = 'keys.jsonl'

/** Everything is signed as it is: only the rule that is broken can tell. */
const IN_RECORDS: readonly GoldenCase[] = [
  bad('empty', 'no-records', 'records.jsonl has no line.', {
    ...PLAIN,
    members: (members) => void members.set(RECORDS, Buffer.alloc(0)),
  }),
  bad('record_count', 'tail-cut', 'The last record is gone.', {
    ...PLAIN,
    members: without(RECORDS, 4),
  }),
  bad('record_malformed', 'no-mac', 'A line without mac.', {
    ...PLAIN,
    members: lineOf(RECORDS, 3, ({ seq, canonical }) => ({ seq, canonical })),
  }),
  bad('record_malformed', 'leading-zero', 'A sequence with a leading zero.', {
    ...PLAIN,
    members: lineOf(RECORDS, 3, plus({ seq: '03' })),
  }),
  bad('record_malformed', 'blank-line', 'A blank line.', {
    ...PLAIN,
    members: text(RECORDS, (lines) => lines.replace('\n', '\n\n')),
  }),
  bad('record_malformed', 'no-line-feed', 'The last line does not end.', {
    ...PLAIN,
    members: text(RECORDS, (lines) => lines.slice(0, -1)),
  }),
  bad('record_malformed', 'byte-order-mark', 'The file begins with U+FEFF.', {
    ...PLAIN,
    members: text(RECORDS, (lines) => `\ufeff${lines}`),
  }),
  bad('record_malformed', 'key-twice', 'A line has a key twice.', {
    ...PLAIN,
    members: text(RECORDS, (lines) => lines.replace('{"seq":"0"', '{"seq":"0","seq":"0"')),
  }),
  bad('record_order', 'swapped', 'Two records changed places.', {
    ...FULL,
    members: swapped(RECORDS, 12),
  }),
  bad('seq_gap', 'deleted', 'A record in the middle is gone.', {
    ...FULL,
    members: without(RECORDS, 8),
  }),
  bad('seq_gap', 'deleted-in-range', 'A record of the range is gone, with its content.', {
    ...RANGE,
    members: all(without(RECORDS, 6), without(CONTENT, 6)),
  }),
  bad('seq_duplicate', 'twice', 'A record is there twice.', {
    ...PLAIN,
    members: lineOf(RECORDS, 3, twice),
  }),
  bad('seq_beyond_tree', 'appended', 'A record that no checkpoint covers.', {
    ...PLAIN,
    size: 4n,
    members: (members) => {
      const { canonical, mac } = plainLog.records[4]!
      const line = {
        seq: '4',
        canonical: canonical.toString('base64'),
        mac: mac.toString('base64'),
      }
      members.set(RECORDS, Buffer.concat([members.get(RECORDS)!, jsonLines([line])]))
    },
  }),
  bad('root_mismatch', 'edited', 'A record says something else.', {
    ...PLAIN,
    members: lineOf(RECORDS, 3, rewritten),
  }),
  bad('range_proof', 'edited', 'A record of the range says something else.', {
    ...RANGE,
    members: lineOf(RECORDS, 6, rewritten),
  }),
  bad('inclusion', 'edited', 'A record of the excerpt says something else.', {
    ...EXCERPT,
    members: lineOf(RECORDS, 12, rewritten),
  }),
]

const ERASED: RecordSpec = {
  type: 'subject.erased',
  attrs: { seqs: ['1'], legal_basis: 'gdpr-17', approved_by: idOf(1) },
}
const BEAT: RecordSpec = { type: 'chain.heartbeat' }
/** The record that `logWith(BEAT)` has at 3, in bytes that say the same and are not canonical. */
function respelled(change: (text: string) => string): Buffer {
  const text = logWith(BEAT).records[3]!.canonical.toString()
  const changed = change(text)
  if (changed === text) throw new Error('nothing was respelled')
  return Buffer.from(changed)
}

const wrong = (
  code: Parameters<typeof bad>[0],
  name: string,
  about: string,
  ...specs: readonly RecordSpec[]
): GoldenCase => bad(code, name, about, { log: logWith(...specs), kind: 'full' })

/** The service itself wrote it: the tree covers it and the root is right. */
const IN_LOG: readonly GoldenCase[] = [
  wrong('canonical_form', 'key-order', 'Keys in another order.', {
    ...BEAT,
    canonical: respelled((text) => text.replace(/^\{(.*),"v":1\}$/, '{"v":1,$1}')),
  }),
  wrong('canonical_form', 'blank', 'A blank after a comma.', {
    ...BEAT,
    canonical: respelled((text) => text.replace(',"v"', ', "v"')),
  }),
  wrong('canonical_form', 'escape', 'An escape that RFC 8785 does not write.', {
    ...BEAT,
    canonical: respelled((text) => text.replace('chain.heartbeat', 'chain\\u002eheartbeat')),
  }),
  wrong('canonical_malformed', 'no-json', 'Bytes that are no JSON.', {
    ...BEAT,
    canonical: Buffer.from('{'),
  }),
  wrong('canonical_malformed', 'no-utf8', 'Bytes that are no UTF-8.', {
    ...BEAT,
    canonical: Buffer.from([0x22, 0xff, 0x22]),
  }),
  wrong('canonical_too_large', '65536-bytes', 'One byte more than a record may have.', {
    ...BEAT,
    canonical: Buffer.alloc(65_536, 0x20),
  }),
  wrong('envelope_schema', 'unknown-member', 'A member that no envelope has.', {
    ...BEAT,
    envelope: { extra: 1 },
  }),
  wrong('envelope_schema', 'unknown-type', 'A type that is not in the list.', {
    ...BEAT,
    envelope: { type: 'x.y' },
  }),
  wrong('envelope_schema', 'leap-second', 'A time with second 60.', {
    ...BEAT,
    envelope: { occurred_at: '2026-11-23T23:59:60.000001Z' },
  }),
  wrong('wrong_org', 'spliced', 'A record of another organisation.', {
    ...BEAT,
    envelope: { org: idOf(99) },
  }),
  wrong('wrong_incarnation', 'spliced', 'A record of another incarnation.', {
    ...BEAT,
    envelope: { inc: idOf(99) },
  }),
  wrong('seq_mismatch', 'renumbered', 'The bytes name another sequence.', {
    ...BEAT,
    envelope: { seq: '9' },
  }),
  wrong('id_duplicate', 'replayed', 'Two records have one id.', {
    ...BEAT,
    envelope: { id: idOf(1) },
  }),
  wrong(
    'clock_backwards',
    'one-microsecond',
    'A record is one microsecond older than the one before.',
    { ...BEAT, recordedAt: '2026-11-23T12:00:00.000002Z' },
    { ...BEAT, recordedAt: '2026-11-23T12:00:00.000001Z' },
  ),
  wrong('genesis', 'second', 'A chain.genesis in the middle.', GENESIS),
  bad('genesis', 'other-origin', 'The first record is of another origin.', {
    log: createLog([{ ...GENESIS, attrs: { ...GENESIS.attrs, origin: 'else' } }, ...chat(1)]),
    kind: 'full',
  }),
  bad('erasure_order', 'of-later', 'An erasure of what comes after it.', {
    log: createLog([
      GENESIS,
      ...chat(1),
      { ...ERASED, attrs: { ...ERASED.attrs, seqs: ['1', '5'] } },
      ...chat(4),
    ]),
    kind: 'full',
  }),
  bad('key_retired', 'still-signs', 'The key that signs was retired by a record.', {
    log: retiringLog,
    kind: 'full',
  }),
]

const IN_PROOFS: readonly GoldenCase[] = [
  bad('inclusion', 'other-path', 'The hashes of a proof in another order.', {
    ...EXCERPT,
    members: json('proofs/12.json', (value) => (value['hashes'] as string[]).reverse()),
  }),
  bad('inclusion', 'other-size', 'A proof for another tree.', {
    ...EXCERPT,
    members: json('proofs/12.json', (value) => (value['size'] = '13')),
  }),
  bad('proof_missing', 'excerpt', 'A record without a proof.', {
    ...EXCERPT,
    members: remove('proofs/12.json'),
  }),
  bad('proof_missing', 'boundary', 'A boundary record without a proof.', {
    ...RANGE,
    members: remove('proofs/8.json'),
  }),
  bad('proof_malformed', 'short-hash', 'A hash of three bytes.', {
    ...EXCERPT,
    members: json('proofs/12.json', (value) => (value['hashes'] = ['AAAA'])),
  }),
  bad('proof_malformed', 'other-record', 'A proof that names another record.', {
    ...EXCERPT,
    members: json('proofs/12.json', (value) => (value['seq'] = '8')),
  }),
  bad('proof_orphan', 'no-record', 'A proof of a record that is not there.', {
    ...EXCERPT,
    members: (members) => void members.set('proofs/8.json', members.get('proofs/12.json')!),
  }),
  bad('range_proof', 'other-hash', 'The hashes on the left in another order.', {
    ...RANGE,
    members: json('range.json', (value) => (value['left'] as string[]).reverse()),
  }),
  bad('range_proof', 'hash-less', 'A hash on the right is gone.', {
    ...RANGE,
    members: json('range.json', (value) => (value['right'] as string[]).pop()),
  }),
  bad('range_proof', 'other-range', 'range.json and the manifest differ.', {
    ...RANGE,
    members: json('range.json', (value) => (value['first'] = '4')),
  }),
  bad('member_malformed', 'range', 'range.json is not one.', {
    ...RANGE,
    members: json('range.json', (value) => (value['left'] = 1)),
  }),
  bad('period', 'outside', 'A record of the range is after the period.', {
    ...RANGE,
    manifest: (value) => (value['period'] = { from: timeOf(5), to: timeOf(7) }),
  }),
  bad('period_boundary', 'within', 'The record after the range is within the period.', {
    ...RANGE,
    manifest: (value) => (value['period'] = { from: timeOf(5), to: timeOf(9) }),
  }),
  bad('period_boundary', 'missing', 'The record before the range is not there.', {
    ...RANGE,
    members: all(without(RECORDS, 4), remove('proofs/4.json')),
  }),
  bad('period_boundary', 'missing-after', 'The record after the range is not there.', {
    ...RANGE,
    members: all(without(RECORDS, 8), remove('proofs/8.json')),
  }),
]

const withContent = (seq: number, field: 'prompt'): object => {
  const { salt, value } = goldenLog.records[seq]!.content.get(field)!
  return { seq: String(seq), field, salt: salt.toString('base64'), value }
}
const prepend =
  (line: object): Tamper =>
  (members) =>
    editLines(members, CONTENT, (value, index) => (index === 0 ? [line, value] : value))

const IN_CONTENT: readonly GoldenCase[] = [
  bad('commitment', 'other-value', 'Another prompt.', {
    ...PLAIN,
    members: lineOf(CONTENT, 1, plus({ value: 'else' })),
  }),
  bad('commitment', 'normalised', 'The prompt in another normal form.', {
    ...PLAIN,
    members: lineOf(CONTENT, 1, (line) => ({
      ...line,
      value: String(line['value']).normalize('NFD'),
    })),
  }),
  bad('commitment', 'other-salt', 'Another salt.', {
    ...PLAIN,
    members: lineOf(CONTENT, 1, plus({ salt: Buffer.alloc(32).toString('base64') })),
  }),
  bad('content_missing', 'gone', 'A prompt is gone, and nothing says why.', {
    ...PLAIN,
    members: without(CONTENT, 1),
  }),
  bad('content_unknown', 'no-commitment', 'A field that the record does not commit to.', {
    ...PLAIN,
    members: lineOf(CONTENT, 1, also({ field: 'passages' })),
  }),
  bad('content_unknown', 'no-record', 'Content of a record that is not there.', {
    ...EXCERPT,
    members: (members) =>
      editLines(members, CONTENT, (line, index) => (index === 0 ? also({ seq: '8' })(line) : line)),
  }),
  bad('content_malformed', 'both', 'A value that is withheld.', {
    ...PLAIN,
    members: lineOf(CONTENT, 1, plus({ withheld: 'x' })),
  }),
  bad('content_malformed', 'half-a-pair', 'Half of a surrogate pair.', {
    ...PLAIN,
    members: text(CONTENT, (lines) => lines.replace('"value":"', '"value":"\\ud800')),
  }),
  bad('content_duplicate', 'twice', 'A prompt is there twice.', {
    ...PLAIN,
    members: lineOf(CONTENT, 1, twice),
  }),
  bad('erasure_not_executed', 'still-there', 'A prompt that was erased is there.', {
    ...FULL,
    members: prepend(withContent(1, 'prompt')),
  }),
  bad('erasure_mismatch', 'hidden', 'An erasure is not listed.', {
    ...FULL,
    members: without(ERASURES, 10),
  }),
  bad('erasure_mismatch', 'other-basis', 'Another legal basis than the record has.', {
    ...FULL,
    members: lineOf(ERASURES, 9, plus({ legal_basis: 'none' })),
  }),
  bad('erasure_mismatch', 'other-type', 'Another type than the record has.', {
    ...FULL,
    members: lineOf(ERASURES, 9, plus({ type: 'content.expired' })),
  }),
  bad('erasure_malformed', 'backwards', 'An interval that ends before it begins.', {
    ...FULL,
    members: lineOf(ERASURES, 10, also({ seq: '12', seqs: ['3-1'] })),
  }),
  bad('erasure_malformed', 'twice', 'An erasure is listed twice.', {
    ...FULL,
    members: lineOf(ERASURES, 9, twice),
  }),
  bad('erasure_unproven', 'no-record', 'An erasure whose record is not there.', {
    ...EXCERPT,
    members: lineOf(ERASURES, 10, also({ seq: '13' })),
  }),
]

const macKey = (kid: string, edit: (line: Line) => object | undefined | object[]): Tamper => {
  return (members) => editLines(members, KEYS, (line) => (line['kid'] === kid ? edit(line) : line))
}
const signingKey = (edit: (line: Line) => object | undefined | object[]): Tamper => {
  return (members) =>
    editLines(members, KEYS, (line) =>
      line['use'] === 'checkpoint' && line['seq'] === '0' ? edit(line) : line,
    )
}

const IN_KEYS: readonly GoldenCase[] = [
  bad('key_unannounced', 'signer', 'The key that signed is not listed.', {
    ...PLAIN,
    members: signingKey(() => undefined),
  }),
  bad('keys_mismatch', 'no-record', 'A signing key that no record names.', {
    ...PLAIN,
    members: signingKey(also({ vkey: formatVkey(STRANGER) })),
  }),
  bad('keys_mismatch', 'other-record', 'A key of MACs at a record that announces another.', {
    ...FULL,
    members: macKey('mac-2', also({ seq: '11' })),
  }),
  bad('keys_malformed', 'other-use', 'A use that does not exist.', {
    ...PLAIN,
    members: signingKey(also({ use: 'both' })),
  }),
  bad('keys_malformed', 'no-vkey', 'A vkey that is none.', {
    ...PLAIN,
    members: signingKey(also({ vkey: 'x' })),
  }),
]

export const TAMPERED_INSIDE: readonly GoldenCase[] = [
  ...IN_RECORDS,
  ...IN_LOG,
  ...IN_PROOFS,
  ...IN_CONTENT,
  ...IN_KEYS,
]
