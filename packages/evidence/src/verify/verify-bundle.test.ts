import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type BundleSpec,
  buildBundle,
  editJson,
  editLines,
  type Members,
  vkeysOf,
} from '../../test/bundle-builder.js'
import { memoryBundle, verifyMembersOf, verifySpec } from '../../test/memory-bundle.js'
import {
  chat,
  createLog,
  createTestSigner,
  GENESIS,
  idOf,
  LOG_ORIGIN,
  NEXT_SIGNER,
  ORIGIN,
  type RecordSpec,
  SIGNER,
  storyLog,
  VKEY,
} from '../../test/test-log.js'
import { canonicalize, createVerifierKey, formatVkey } from '../index.js'
import { verifyBundle } from './verify-bundle.js'

const log = storyLog()
const at = (seq: number): string => log.records[seq]!.envelope.recorded_at

const FULL: BundleSpec = { log, kind: 'full' }
const RANGE: BundleSpec = { log, kind: 'range', period: { from: at(7), to: at(11) } }
const EXCERPT: BundleSpec = { log, kind: 'excerpt', seqs: [3n, 7n, 16n] }
const KINDS = [
  ['full', FULL],
  ['range', RANGE],
  ['excerpt', EXCERPT],
] as const

/** Codes of a report, without repetition. */
async function codesOf(
  spec: BundleSpec,
  options: { keys?: string[]; previous?: string } = {},
): Promise<string[]> {
  const { failures, result, exit } = await verifySpec(spec, options)
  const codes = [...new Set(failures.map(({ code }) => code))]
  expect(result === 'valid').toBe(codes.length === 0)
  expect(exit === 0).toBe(codes.length === 0)
  return codes
}

describe.each(KINDS)('a bundle of kind %s', (kind, spec) => {
  test('is valid, and says what was not checked', async () => {
    const report = await verifySpec(spec)
    expect(report.failures).toEqual([])
    expect(report).toMatchObject({ result: 'valid', exit: 0 })
    expect(report.holds.length).toBeGreaterThan(2)
    expect(report.not_checked.join('\n')).toMatch(/MAC/)
    expect(report.not_checked.join('\n')).toMatch(/after the checkpoint/)
    expect(/only shows/.test(report.not_checked.join())).toBe(kind === 'excerpt')
  })

  test('is valid in pieces of any size', async () => {
    const members = await buildBundle(spec)
    for (const pieceBytes of [1, 7, 64, 1_000_000]) {
      expect((await verifyMembersOf(members, {}, pieceBytes)).failures).toEqual([])
    }
  })

  test('withheld content is named', async () => {
    const report = await verifySpec({ ...spec, withheld: ['7/prompt'] })
    expect(report.result).toBe('valid')
    expect(report.not_checked.join('\n')).toContain('1 field withheld')
  })

  test('no single byte of any member can be changed', async () => {
    const members = await buildBundle({ ...spec, previousSize: 5n })
    const paths = [...members.keys()]
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...paths),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async (path, place, flip) => {
          const bytes = Buffer.from(members.get(path)!)
          if (bytes.length === 0) return
          bytes[place % bytes.length]! ^= flip
          const report = await verifyMembersOf(new Map([...members, [path, bytes]]))
          expect(report.result).not.toBe('valid')
          expect(report.exit).not.toBe(0)
          expect(report.failures.map(({ code }) => code)).not.toContain('internal')
        },
      ),
      { numRuns: 400 },
    )
  })

  test('no member can lose or gain its last byte, or be removed', async () => {
    const members = await buildBundle({ ...spec, previousSize: 5n })
    for (const [path, bytes] of members) {
      for (const other of [bytes.subarray(0, -1), Buffer.concat([bytes, Buffer.from('\n')])]) {
        if (other.equals(bytes)) continue
        const report = await verifyMembersOf(new Map([...members, [path, other]]))
        expect(report.result, path).not.toBe('valid')
      }
      const without = new Map(members)
      without.delete(path)
      const { failures } = await verifyMembersOf(without)
      const codes = new Set(failures.map(({ code }) => code))
      const expected = {
        'manifest.json': 'manifest_missing',
        'manifest.sig': 'manifest_signature_missing',
      }[path]
      expect([...codes], path).toEqual([expected ?? 'member_missing'])
    }
  })

  test('a changed member is one failure, however much depends on it', async () => {
    for (const path of (await buildBundle({ ...spec, previousSize: 5n })).keys()) {
      const signed = (members: Members): void => {
        const bytes = Buffer.from(members.get(path)!)
        bytes[Math.floor(bytes.length / 2)]! ^= 1
        members.set(path, bytes)
      }
      if (path.startsWith('manifest')) continue
      const codes = await codesOf({ ...spec, previousSize: 5n, signed })
      expect(codes, path).toEqual(['member_hash'])
    }
  })

  test('continues an earlier checkpoint of any size', async () => {
    for (let size = 1n; size <= BigInt(log.records.length); size += 1n) {
      const previous = log.checkpoint(size)
      expect(await codesOf({ ...spec, previousSize: size }, { previous })).toEqual([])
    }
  })
})

type Tamper = (members: Members) => void
const line =
  (path: string, wanted: number, edit: (value: Record<string, unknown>) => object | undefined) =>
  (members: Members) =>
    editLines(members, path, (value, index) => (index === wanted ? edit(value) : value))
const edit =
  (path: string, change: object): Tamper =>
  (members) =>
    editJson(members, path, (value) => Object.assign(value, change))
const text =
  (path: string, change: (text: string) => string): Tamper =>
  (members) =>
    members.set(path, Buffer.from(change(members.get(path)!.toString())))
const remove =
  (path: string): Tamper =>
  (members) =>
    members.delete(path)
const other = createTestSigner('somebody')

/** What is wrong before the manifest is made and signed: only the inner rule can find it. */
const INSIDE: readonly (readonly [code: string, what: string, spec: BundleSpec, tamper: Tamper])[] =
  [
    ['empty', 'no record', FULL, (members) => members.set('records.jsonl', Buffer.alloc(0))],
    ['record_count', 'the last record is gone', FULL, line('records.jsonl', 20, () => undefined)],
    [
      'seq_gap',
      'all records of the range are gone',
      RANGE,
      (members) => {
        editLines(members, 'records.jsonl', (value) =>
          /^([789]|10)$/.test(String(value['seq'])) ? undefined : value,
        )
        editLines(members, 'content.jsonl', (value) =>
          /^([789]|10)$/.test(String(value['seq'])) ? undefined : value,
        )
      },
    ],
    [
      'record_malformed',
      'no mac',
      FULL,
      line('records.jsonl', 4, ({ seq, canonical }) => ({ seq, canonical })),
    ],
    [
      'record_malformed',
      'a further field',
      FULL,
      line('records.jsonl', 4, (value) => ({ ...value, x: 1 })),
    ],
    [
      'record_malformed',
      'a short mac',
      FULL,
      line('records.jsonl', 4, (value) => ({ ...value, mac: 'AAAA' })),
    ],
    [
      'record_malformed',
      'base64 that is not canonical',
      FULL,
      line('records.jsonl', 4, (value) => ({
        ...value,
        canonical: `${String(value['canonical'])}=`,
      })),
    ],
    [
      'record_malformed',
      'a blank line',
      FULL,
      text('records.jsonl', (all) => all.replace('\n', '\n\n')),
    ],
    ['record_malformed', 'a byte order mark', FULL, text('records.jsonl', (all) => `\ufeff${all}`)],
    [
      'record_malformed',
      'no line feed at the end',
      FULL,
      text('records.jsonl', (all) => all.slice(0, -1)),
    ],
    [
      'record_malformed',
      'a key twice',
      FULL,
      text('records.jsonl', (all) => all.replace('{"seq":"0"', '{"seq":"0","seq":"0"')),
    ],
    [
      'record_malformed',
      'a sequence as a number',
      FULL,
      line('records.jsonl', 4, (value) => ({ ...value, seq: 4 })),
    ],
    [
      'record_malformed',
      'a leading zero',
      FULL,
      line('records.jsonl', 4, (value) => ({ ...value, seq: '04' })),
    ],
    [
      'record_order',
      'two records swapped',
      FULL,
      (members) => {
        const lines = members.get('records.jsonl')!.toString().split('\n')
        lines.splice(5, 2, lines[6]!, lines[5]!)
        members.set('records.jsonl', Buffer.from(lines.join('\n')))
      },
    ],
    [
      'record_order',
      'two records swapped in an excerpt',
      EXCERPT,
      (members) => {
        const lines = members.get('records.jsonl')!.toString().split('\n')
        lines.splice(2, 2, lines[3]!, lines[2]!)
        members.set('records.jsonl', Buffer.from(lines.join('\n')))
      },
    ],
    ['seq_gap', 'a record is gone', FULL, line('records.jsonl', 8, () => undefined)],
    ['seq_gap', 'the first record is gone', FULL, line('records.jsonl', 0, () => undefined)],
    [
      'seq_gap',
      'a record of the range is gone',
      RANGE,
      (members) =>
        editLines(members, 'records.jsonl', (value) => (value['seq'] === '8' ? undefined : value)),
    ],
    [
      'seq_duplicate',
      'a record twice',
      FULL,
      (members) =>
        editLines(members, 'records.jsonl', (value, index) =>
          index === 6 ? [value, value] : value,
        ),
    ],
    [
      'seq_duplicate',
      'a record again at the end',
      FULL,
      (members) =>
        editLines(members, 'records.jsonl', (value, index) =>
          index === 20 ? [value, { ...value, seq: '3' }] : value,
        ),
    ],
    [
      'seq_beyond_tree',
      'a record after the last',
      FULL,
      (members) =>
        editLines(members, 'records.jsonl', (value, index) =>
          index === 20 ? [value, { ...value, seq: '21' }] : value,
        ),
    ],
    [
      'root_mismatch',
      'a record says something else',
      FULL,
      line('records.jsonl', 8, (value) => rewrite(value, { trace: 'a'.repeat(32) })),
    ],
    [
      'range_proof',
      'a record of the range says something else',
      RANGE,
      (members) =>
        editLines(members, 'records.jsonl', (value) =>
          value['seq'] === '8' ? rewrite(value, { trace: 'a'.repeat(32) }) : value,
        ),
    ],
    [
      'inclusion',
      'a record of the excerpt says something else',
      EXCERPT,
      (members) =>
        editLines(members, 'records.jsonl', (value) =>
          value['seq'] === '7' ? rewrite(value, { trace: 'a'.repeat(32) }) : value,
        ),
    ],
    [
      'inclusion',
      'a proof of another leaf',
      EXCERPT,
      (members) =>
        editJson(members, 'proofs/7.json', (value) => (value['hashes'] as string[]).reverse()),
    ],
    ['inclusion', 'a proof for another size', EXCERPT, edit('proofs/7.json', { size: '20' })],
    ['proof_missing', 'no proof', EXCERPT, remove('proofs/7.json')],
    ['proof_missing', 'no proof of a boundary', RANGE, remove('proofs/11.json')],
    ['proof_malformed', 'a proof of another record', EXCERPT, edit('proofs/7.json', { seq: '8' })],
    ['proof_malformed', 'short hashes', EXCERPT, edit('proofs/7.json', { hashes: ['AAAA'] })],
    ['proof_malformed', 'no JSON', EXCERPT, text('proofs/7.json', (all) => all.slice(1))],
    [
      'proof_orphan',
      'a proof of no record',
      EXCERPT,
      (members) => members.set('proofs/8.json', members.get('proofs/7.json')!),
    ],
    [
      'proof_orphan',
      'a proof in a full bundle',
      FULL,
      (members) => members.set('proofs/8.json', Buffer.from('{}')),
    ],
    [
      'range_proof',
      'another hash',
      RANGE,
      (members) =>
        editJson(members, 'range.json', (value) => (value['left'] as string[]).reverse()),
    ],
    [
      'range_proof',
      'a hash less',
      RANGE,
      (members) => editJson(members, 'range.json', (value) => (value['right'] as string[]).pop()),
    ],
    ['range_proof', 'another range', RANGE, edit('range.json', { first: '6' })],
    ['range_proof', 'another size', RANGE, edit('range.json', { size: '20' })],
    ['member_malformed', 'no range', RANGE, edit('range.json', { left: 1 })],
    [
      'period_boundary',
      'no record before',
      RANGE,
      (members) => dropRecord(members, '6', (value) => value['seq'] !== '6'),
    ],
    [
      'period_boundary',
      'no record after',
      RANGE,
      (members) => dropRecord(members, '11', () => true),
    ],
    [
      'commitment',
      'another value',
      FULL,
      line('content.jsonl', 0, (value) => ({ ...value, value: 'else' })),
    ],
    [
      'commitment',
      'another salt',
      FULL,
      line('content.jsonl', 0, (value) => ({
        ...value,
        salt: Buffer.alloc(32).toString('base64'),
      })),
    ],
    [
      'commitment',
      'a normalised value',
      FULL,
      line('content.jsonl', 0, (value) => ({
        ...value,
        value: String(value['value']).normalize('NFD'),
      })),
    ],
    ['content_missing', 'a value is gone', FULL, line('content.jsonl', 1, () => undefined)],
    [
      'content_missing',
      'the last value is gone',
      FULL,
      (members) =>
        editLines(members, 'content.jsonl', (value) =>
          value['field'] === 'originals' ? undefined : value,
        ),
    ],
    [
      'content_missing',
      'all values are gone',
      FULL,
      (members) => members.set('content.jsonl', Buffer.alloc(0)),
    ],
    [
      'content_unknown',
      'a field that the record does not have',
      FULL,
      (members) =>
        editLines(members, 'content.jsonl', (value, index) =>
          index === 1 ? [value, { ...value, field: 'passages' }] : value,
        ),
    ],
    [
      'content_unknown',
      'a record that is not there',
      EXCERPT,
      (members) =>
        editLines(members, 'content.jsonl', (value, index) =>
          index === 0 ? [value, { ...value, seq: '8' }] : value,
        ),
    ],
    [
      'content_unknown',
      'a record that no log has',
      EXCERPT,
      (members) =>
        editLines(members, 'content.jsonl', (value, index) =>
          index === 0 ? [value, { ...value, seq: '999' }] : value,
        ),
    ],
    [
      'content_malformed',
      'a value and a statement',
      FULL,
      line('content.jsonl', 1, (value) => ({ ...value, withheld: 'x' })),
    ],
    [
      'content_malformed',
      'a short salt',
      FULL,
      line('content.jsonl', 1, (value) => ({ ...value, salt: 'AAAA' })),
    ],
    [
      'content_malformed',
      'an unknown field',
      FULL,
      line('content.jsonl', 1, (value) => ({ ...value, field: 'secret' })),
    ],
    [
      'content_malformed',
      'half a pair',
      FULL,
      text('content.jsonl', (all) => all.replace('"value":"', '"value":"\\ud800')),
    ],
    [
      'content_duplicate',
      'a value twice',
      FULL,
      (members) =>
        editLines(members, 'content.jsonl', (value, index) =>
          index === 1 ? [value, value] : value,
        ),
    ],
    [
      'content_duplicate',
      'a value again, much later',
      FULL,
      (members) => {
        const all = members.get('content.jsonl')!.toString()
        members.set('content.jsonl', Buffer.from(all + all.slice(0, all.indexOf('\n') + 1)))
      },
    ],
    [
      'content_duplicate',
      'a value, and its withholding',
      FULL,
      (members) =>
        editLines(members, 'content.jsonl', (value, index) =>
          index === 1
            ? [value, { seq: value['seq'], field: value['field'], withheld: 'x' }]
            : value,
        ),
    ],
    [
      'erasure_not_executed',
      'an erased value is there',
      FULL,
      (members) =>
        editLines(members, 'content.jsonl', (value, index) =>
          index === 0 ? [contentOf('1/prompt'), value] : value,
        ),
    ],
    [
      'erasure_not_executed',
      'an erased value is there, much later',
      FULL,
      (members) =>
        members.set(
          'content.jsonl',
          Buffer.concat([
            members.get('content.jsonl')!,
            Buffer.from(`${JSON.stringify(contentOf('1/prompt'))}\n`),
          ]),
        ),
    ],
    [
      'erasure_not_executed',
      'an erased value is called withheld',
      FULL,
      (members) =>
        editLines(members, 'content.jsonl', (value, index) =>
          index === 0 ? [{ seq: '1', field: 'prompt', withheld: 'x' }, value] : value,
        ),
    ],
    [
      'erasure_not_executed',
      'an erasure is hidden, and its value there',
      FULL,
      (members) => {
        line('erasures.jsonl', 2, () => undefined)(members)
        editLines(members, 'content.jsonl', (value, index) =>
          index === 0 ? [contentOf('4/response'), value] : value,
        )
      },
    ],
    ['erasure_mismatch', 'an erasure is hidden', FULL, line('erasures.jsonl', 2, () => undefined)],
    [
      'erasure_mismatch',
      'another reason',
      FULL,
      line('erasures.jsonl', 0, (value) => ({ ...value, legal_basis: 'none' })),
    ],
    [
      'erasure_mismatch',
      'another type',
      FULL,
      line('erasures.jsonl', 0, (value) => ({ ...value, type: 'content.expired' })),
    ],
    [
      'erasure_mismatch',
      'more than the record says',
      FULL,
      line('erasures.jsonl', 0, (value) => ({ ...value, seqs: ['1-2', '7'] })),
    ],
    [
      'erasure_malformed',
      'no sequences',
      FULL,
      (members) =>
        editLines(members, 'erasures.jsonl', (value, index) =>
          index === 0 ? [value, { ...value, seq: '15', seqs: [] }] : value,
        ),
    ],
    [
      'erasure_malformed',
      'an interval backwards',
      FULL,
      (members) =>
        editLines(members, 'erasures.jsonl', (value, index) =>
          index === 0 ? [value, { ...value, seq: '15', seqs: ['3-1'] }] : value,
        ),
    ],
    [
      'erasure_malformed',
      'twice',
      FULL,
      (members) =>
        editLines(members, 'erasures.jsonl', (value, index) =>
          index === 0 ? [value, value] : value,
        ),
    ],
    [
      'erasure_unproven',
      'a record that is not there',
      EXCERPT,
      (members) =>
        editLines(members, 'erasures.jsonl', (value, index) =>
          index === 0 ? [value, { ...value, seq: '15' }] : value,
        ),
    ],
    [
      'keys_malformed',
      'no vkey',
      FULL,
      line('keys.jsonl', 0, (value) => ({ ...value, vkey: 'x' })),
    ],
    [
      'keys_malformed',
      'another use',
      FULL,
      (members) =>
        editLines(members, 'keys.jsonl', (value, index) =>
          index === 0 ? [value, { ...value, use: 'both' }] : value,
        ),
    ],
    [
      'keys_mismatch',
      'a key that no record names',
      FULL,
      (members) =>
        editLines(members, 'keys.jsonl', (value, index) =>
          index === 0 ? [value, { ...value, vkey: formatVkey(other) }] : value,
        ),
    ],
    [
      'keys_mismatch',
      'a record that announces none',
      FULL,
      (members) =>
        editLines(members, 'keys.jsonl', (value, index) =>
          index === 0 ? [value, { ...value, seq: '7' }] : value,
        ),
    ],
    [
      'keys_mismatch',
      'a key of MACs at another record',
      FULL,
      (members) =>
        editLines(members, 'keys.jsonl', (value) =>
          value['kid'] === 'mac-2' ? [value, { ...value, seq: '6' }] : value,
        ),
    ],
    [
      'key_unannounced',
      'the signing key is not listed',
      FULL,
      line('keys.jsonl', 0, () => undefined),
    ],
    [
      'checkpoint_malformed',
      'no note',
      FULL,
      text('checkpoint.note', (all) => all.replace('\n\n', '\n')),
    ],
    [
      'checkpoint_signature',
      'a signature that does not hold',
      FULL,
      (members) =>
        members.set(
          'checkpoint.note',
          Buffer.from(log.checkpoint(21n, [{ ...SIGNER, sign: (message) => other.sign(message) }])),
        ),
    ],
    [
      'checkpoint_signature',
      'another key',
      FULL,
      (members) => members.set('checkpoint.note', Buffer.from(log.checkpoint(21n, [other]))),
    ],
    [
      'manifest_mismatch',
      'another checkpoint',
      FULL,
      (members) => members.set('checkpoint.note', Buffer.from(log.checkpoint(20n))),
    ],
    [
      'manifest_mismatch',
      'a range in a full bundle',
      FULL,
      (members) => members.set('range.json', Buffer.from('{}')),
    ],
    ['member_missing', 'no specification', FULL, remove('SPEC.md')],
    ['member_missing', 'no erasures', FULL, remove('erasures.jsonl')],
    ['member_missing', 'no range', RANGE, remove('range.json')],
    [
      'consistency_missing',
      'a note without a proof',
      { ...RANGE, previousSize: 5n },
      remove('consistency.proof'),
    ],
    [
      'consistency_missing',
      'a proof without a note',
      { ...RANGE, previousSize: 5n },
      remove('previous.note'),
    ],
    [
      'consistency_malformed',
      'no base64',
      { ...RANGE, previousSize: 5n },
      text('consistency.proof', (all) => `x${all}`),
    ],
    [
      'consistency_malformed',
      'no line feed',
      { ...RANGE, previousSize: 5n },
      text('consistency.proof', (all) => all.slice(0, -1)),
    ],
    [
      'consistency',
      'a hash less',
      { ...RANGE, previousSize: 5n },
      text('consistency.proof', (all) => all.slice(0, all.indexOf('\n') + 1)),
    ],
    [
      'consistency',
      'the proof of another size',
      { ...FULL, previousSize: 5n },
      (members) => members.set('previous.note', Buffer.from(log.checkpoint(6n))),
    ],
    [
      'previous_malformed',
      'no note',
      { ...RANGE, previousSize: 5n },
      text('previous.note', (all) => all.replace('\n\n', '\n')),
    ],
    [
      'checkpoint_signature',
      'an earlier note by another key',
      { ...RANGE, previousSize: 5n },
      (members) => members.set('previous.note', Buffer.from(log.checkpoint(5n, [other]))),
    ],
  ]

function rewrite(value: Record<string, unknown>, change: object): object {
  const envelope = JSON.parse(
    Buffer.from(String(value['canonical']), 'base64').toString(),
  ) as object
  return { ...value, canonical: canonicalize({ ...envelope, ...change }).toString('base64') }
}

function contentOf(key: string): object {
  const [seq, field] = key.split('/')
  const content = log.records[Number(seq)]!.content.get(field as 'prompt')!
  return { seq, field, salt: content.salt.toString('base64'), value: content.value }
}

/** Removes a record that stands for itself, with everything that names it. */
function dropRecord(
  members: Members,
  seq: string,
  keepKey: (value: Record<string, unknown>) => boolean,
): void {
  for (const path of ['records.jsonl', 'content.jsonl']) {
    editLines(members, path, (value) => (value['seq'] === seq ? undefined : value))
  }
  editLines(members, 'keys.jsonl', (value) => (keepKey(value) ? value : undefined))
  members.delete(`proofs/${seq}.json`)
}

describe('what is wrong inside a bundle that is signed', () => {
  test.each(INSIDE)('%s: %s', async (code, _, spec, members) => {
    expect(await codesOf({ ...spec, members })).toEqual([code])
  })
})

/** A log whose record 3 is the one that breaks a rule, and that is otherwise consistent. */
const LOGS: readonly (readonly [code: string, what: string, specs: RecordSpec[]])[] = [
  ['wrong_org', 'another organisation', [{ type: 'chain.heartbeat', envelope: { org: idOf(99) } }]],
  [
    'wrong_incarnation',
    'another incarnation',
    [{ type: 'chain.heartbeat', envelope: { inc: idOf(99) } }],
  ],
  ['seq_mismatch', 'another sequence', [{ type: 'chain.heartbeat', envelope: { seq: '9' } }]],
  ['id_duplicate', 'an id twice', [{ type: 'chain.heartbeat', envelope: { id: idOf(1) } }]],
  [
    'clock_backwards',
    'an earlier time',
    [{ type: 'chain.heartbeat', recordedAt: '2026-11-23T09:00:00.000001Z' }],
  ],
  [
    'clock_backwards',
    'a microsecond earlier',
    [
      { type: 'chain.heartbeat', recordedAt: '2026-11-23T12:00:00.000002Z' },
      { type: 'chain.heartbeat', recordedAt: '2026-11-23T12:00:00.000001Z' },
    ],
  ],
  ['genesis', 'a second genesis', [GENESIS]],
  [
    'envelope_schema',
    'a field that does not exist',
    [{ type: 'chain.heartbeat', envelope: { extra: 1 } }],
  ],
  ['envelope_schema', 'an unknown type', [{ type: 'chain.heartbeat', envelope: { type: 'x.y' } }]],
  [
    'canonical_form',
    'keys in another order',
    [{ type: 'chain.heartbeat', canonical: Buffer.from('{"v":1,"a":2}') }],
  ],
  ['canonical_malformed', 'no JSON', [{ type: 'chain.heartbeat', canonical: Buffer.from('{') }]],
  [
    'canonical_malformed',
    'no UTF-8',
    [{ type: 'chain.heartbeat', canonical: Buffer.from([0xff]) }],
  ],
  [
    'canonical_too_large',
    'too many bytes',
    [{ type: 'chain.heartbeat', canonical: Buffer.alloc(65_536, 32) }],
  ],
]

describe('what is wrong in the log itself', () => {
  test.each(LOGS)('%s: %s', async (code, _, specs) => {
    const bad = createLog([GENESIS, ...chat(1), ...specs, ...chat(3 + specs.length)])
    const all = bad.records.map(({ seq }) => seq)
    expect(await codesOf({ log: bad, kind: 'full' })).toEqual([code])
    expect(await codesOf({ log: bad, kind: 'excerpt', seqs: all })).toEqual([code])
  })

  test('genesis: the first record is none', async () => {
    const bad = createLog([{ type: 'chain.heartbeat' }, ...chat(1)])
    const members = (all: Members): void =>
      void all.set(
        'keys.jsonl',
        Buffer.from(`${JSON.stringify({ use: 'mac', kid: 'mac-1', seq: '0' })}\n`),
      )
    const codes = await codesOf({ log: bad, kind: 'full', members })
    expect(codes).toContain('genesis')
  })

  test('genesis: of another origin', async () => {
    const bad = createLog([{ ...GENESIS, attrs: { ...GENESIS.attrs, origin: 'else' } }, ...chat(1)])
    expect(await codesOf({ log: bad, kind: 'full' })).toEqual(['genesis'])
  })

  test('erasure_order: an erasure of what comes later is none', async () => {
    const erasure = { seqs: ['1', '5'], legal_basis: 'x', approved_by: idOf(1) }
    const bad = createLog([
      GENESIS,
      ...chat(1),
      { type: 'subject.erased', attrs: erasure },
      ...chat(4),
    ])
    expect(await codesOf({ log: bad, kind: 'full' })).toEqual(['erasure_order'])
  })

  test('period: a record of the range is outside of it', async () => {
    const manifest = (value: Record<string, unknown>): void => {
      value['period'] = { from: at(7), to: at(10) }
    }
    expect(await codesOf({ ...RANGE, manifest })).toEqual(['period'])
    const later = (value: Record<string, unknown>): void => {
      value['period'] = { from: at(7), to: at(12) }
    }
    expect(await codesOf({ ...RANGE, manifest: later })).toEqual(['period_boundary'])
    const earlier = (value: Record<string, unknown>): void => {
      value['period'] = { from: at(6), to: at(11) }
    }
    expect(await codesOf({ ...RANGE, manifest: earlier })).toEqual(['period_boundary'])
  })

  test('counts: the manifest counts something else', async () => {
    for (const name of ['records', 'content', 'erasures', 'keys', 'proofs']) {
      for (const [, spec] of KINDS) {
        const manifest = ({ counts }: { counts: Record<string, number> }): void => {
          counts[name] = (counts[name] ?? 0) + 1
        }
        expect(await codesOf({ ...spec, manifest })).toEqual(['counts'])
      }
    }
  })
})

describe('an erasure that came while the bundle was written', () => {
  const hidden = line('erasures.jsonl', 2, () => undefined)

  test('is not listed, and leaves withheld what it erases', async () => {
    const members = (all: Members): void => {
      hidden(all)
      editLines(all, 'content.jsonl', (value, index) =>
        index === 0
          ? [{ seq: '4', field: 'response', withheld: 'erased_during_export' }, value]
          : value,
      )
    }
    const report = await verifySpec({ ...FULL, members })
    expect(report.failures).toEqual([])
    expect(report.not_checked.join('\n')).toContain('1 field withheld')
  })
})

describe('ranges', () => {
  test('an empty period is proven by the records beside it', async () => {
    const period = { from: '2026-11-23T10:00:03.500000Z', to: '2026-11-23T10:00:03.600000Z' }
    const report = await verifySpec({ log, kind: 'range', period })
    expect(report.failures).toEqual([])
    expect(report.holds.join('\n')).toMatch(/The range is empty/)
    expect(report.holds.join('\n')).toMatch(/all records from/)
  })

  test('a period from the first record on, and one that has not ended', async () => {
    const first = { from: '2026-01-01T00:00:00.000000Z', to: at(3) }
    expect(await codesOf({ log, kind: 'range', period: first })).toEqual([])
    const open = { from: at(15), to: '2027-01-01T00:00:00.000000Z' }
    const report = await verifySpec({ log, kind: 'range', period: open })
    expect(report.result).toBe('valid')
    expect(report.holds.join('\n')).not.toMatch(/all records from/)
    expect(report.not_checked.join('\n')).toMatch(/all records of the period/)
  })

  test('every range of the log is valid', async () => {
    for (let first = 0; first < 20; first += 3) {
      for (let end = first; end <= 20; end += 4) {
        const period = { from: at(first), to: at(end) }
        expect(await codesOf({ log, kind: 'range', period })).toEqual([])
      }
    }
  })
})

describe('keys', () => {
  test('a rotation: both keys sign, either is enough', async () => {
    const signers = [SIGNER, NEXT_SIGNER]
    for (const keys of [vkeysOf(SIGNER), vkeysOf(NEXT_SIGNER), vkeysOf(...signers)]) {
      expect(await codesOf({ ...FULL, signers }, { keys })).toEqual([])
    }
  })

  test('key_retired: a key does not sign what is larger than the record that retires it', async () => {
    const retiring = createLog([
      GENESIS,
      ...chat(1),
      {
        type: 'key.announced',
        attrs: { use: 'checkpoint', vkey: formatVkey(NEXT_SIGNER), retires: VKEY },
      },
      ...chat(4),
    ])
    const spec: BundleSpec = { log: retiring, kind: 'full' }
    expect(await codesOf(spec)).toEqual(['key_retired'])
    expect(await codesOf({ ...spec, size: 4n })).toEqual(['key_retired'])
    expect(await codesOf({ ...spec, size: 3n })).toEqual([])
    const both = { signers: [SIGNER, NEXT_SIGNER] }
    expect(await codesOf({ ...spec, ...both }, { keys: vkeysOf(...both.signers) })).toEqual([])
    const next = { signers: [NEXT_SIGNER], previousSize: 3n, previousSigners: [SIGNER] }
    const keys = vkeysOf(SIGNER, NEXT_SIGNER)
    expect(await codesOf({ ...spec, ...next }, { keys })).toEqual([])
    expect(await codesOf({ ...spec, ...next, previousSize: 5n }, { keys })).toEqual(['key_retired'])
  })

  test('key_retired: a manifest is not signed by a key that its bundle retires', async () => {
    const retires = { use: 'checkpoint', vkey: formatVkey(NEXT_SIGNER), retires: VKEY }
    const retiring = createLog([GENESIS, { type: 'key.announced', attrs: retires }, ...chat(2)])
    const members = (all: Members): void =>
      void all.set('checkpoint.note', Buffer.from(retiring.checkpoint(4n, [NEXT_SIGNER])))
    const spec: BundleSpec = { log: retiring, kind: 'full', members }
    const keys = vkeysOf(SIGNER, NEXT_SIGNER)
    expect(await codesOf(spec, { keys })).toEqual(['key_retired'])
    expect(await codesOf({ ...spec, signers: [NEXT_SIGNER] }, { keys })).toEqual([])
  })

  test('a bundle by a key that was not given is not valid, whatever it lists', async () => {
    expect(await codesOf(FULL, { keys: vkeysOf(other) })).toEqual(['manifest_signature'])
    const elsewhere = createVerifierKey('audit.example.com/else', SIGNER.publicKey)
    expect(await codesOf(FULL, { keys: [formatVkey(elsewhere)] })).toEqual(['manifest_signature'])
  })

  test('arguments that are no keys', async () => {
    for (const keys of [[], ['x'], [VKEY, `${VKEY}A`]]) {
      const report = await verifySpec(FULL, { keys })
      expect(report).toMatchObject({ result: 'error', exit: 2 })
      expect(report.failures.map(({ code }) => code)).toEqual(['key_malformed'])
    }
  })
})

describe('an earlier checkpoint', () => {
  const fork = createLog([GENESIS, ...chat(1, 'another past'), ...chat(3), ...chat(5)])

  test('consistency: a full bundle is checked from its leaves', async () => {
    expect(await codesOf(FULL, { previous: log.checkpoint(5n) })).toEqual([])
    expect(await codesOf(FULL, { previous: fork.checkpoint(5n) })).toEqual(['consistency'])
    expect(await codesOf(FULL, { previous: fork.checkpoint(1n) })).toEqual([])
    const previous = fork.checkpoint(5n)
    expect(await codesOf({ ...FULL, previousSize: 5n }, { previous })).toEqual(['consistency'])
  })

  test('consistency: the same size, another root', async () => {
    const spec: BundleSpec = { log, kind: 'full', size: 7n }
    expect(await codesOf(spec, { previous: fork.checkpoint(7n) })).toEqual(['consistency'])
  })

  test.each([RANGE, EXCERPT])('others need a proof', async (spec) => {
    const previous = log.checkpoint(5n)
    expect(await codesOf(spec, { previous })).toEqual(['consistency_missing'])
    expect(await codesOf({ ...spec, previousSize: 5n }, { previous })).toEqual([])
    expect(await codesOf({ ...spec, previousSize: 6n }, { previous })).toEqual(['previous_differs'])
    const forked = { previous: fork.checkpoint(5n) }
    expect(await codesOf({ ...spec, previousSize: 5n }, forked)).toEqual(['previous_differs'])
  })

  test.each([FULL, RANGE, EXCERPT])('that cannot be one', async (spec) => {
    const cut: BundleSpec = { ...spec, size: 17n }
    expect(await codesOf({ ...cut, previousSize: 17n }, { previous: log.checkpoint(18n) })).toEqual(
      ['previous_newer'],
    )
    expect(await codesOf(spec, { previous: 'x' })).toEqual(['previous_malformed'])
    const named = createTestSigner('checkpoint-1', `${ORIGIN}/else`)
    const elsewhere = log.checkpoint(5n, [named]).replace(LOG_ORIGIN, `${ORIGIN}/else`)
    expect(await codesOf(spec, { previous: elsewhere, keys: [VKEY, formatVkey(named)] })).toEqual([
      'previous_origin',
    ])
    const stranger = log.checkpoint(5n, [other])
    expect(await codesOf({ ...spec, previousSize: 5n }, { previous: stranger })).toEqual([
      'checkpoint_signature',
    ])
  })
})

describe('the manifest', () => {
  const changes: readonly (readonly [code: string, what: string, change: object])[] = [
    ['manifest_version', 'another version', { version: 2 }],
    ['manifest_version', 'another format', { format: 'x' }],
    ['manifest_malformed', 'a further field', { x: 1 }],
    ['manifest_malformed', 'another kind', { kind: 'all' }],
    ['manifest_malformed', 'a range without one', { kind: 'range' }],
    ['manifest_malformed', 'a tree without records', { tree_size: '0' }],
    ['manifest_malformed', 'a number as tree size', { tree_size: 21 }],
    ['manifest_malformed', 'an origin with a space', { origin: 'a b' }],
    [
      'manifest_malformed',
      'a path out of the bundle',
      { members: { '../x': { sha256: 'a'.repeat(64), bytes: 1 } } },
    ],
    ['manifest_malformed', 'no hash', { members: { x: { sha256: 'a', bytes: 1 } } }],
    ['manifest_malformed', 'a time that is none', { created_at: '2026-02-30T00:00:00Z' }],
    ['manifest_malformed', 'a count less', { counts: { records: 1 } }],
  ]

  test.each(changes)('%s: %s', async (code, _, change) => {
    const manifest = (value: object): void => void Object.assign(value, change)
    const report = await verifySpec({ ...FULL, manifest })
    expect(report).toMatchObject({ result: 'error', exit: 2 })
    expect(report.failures.map((failure) => failure.code)).toEqual([code])
  })

  test('manifest_malformed: no JSON, a key twice', async () => {
    for (const change of [
      (all: string) => `${all}x`,
      (all: string) => all.replace('{', `{"kind"${' '.repeat(500)}:"full",`),
    ]) {
      const report = await verifySpec({ ...FULL, signed: text('manifest.json', change) })
      expect(report).toMatchObject({ exit: 2, failures: [{ code: 'manifest_malformed' }] })
    }
  })

  test('manifest_signature: of another manifest, or no note', async () => {
    const signatures = [
      (await buildBundle(RANGE)).get('manifest.sig')!,
      Buffer.from('x'),
      Buffer.from([0xff]),
    ]
    for (const signature of signatures) {
      const signed = (members: Members): void => void members.set('manifest.sig', signature)
      expect(await codesOf({ ...FULL, signed })).toEqual(['manifest_signature'])
    }
  })

  test('member_unlisted: a file that the manifest does not know', async () => {
    const signed = (members: Members): void => void members.set('extra.txt', Buffer.from('x'))
    expect(await codesOf({ ...FULL, signed })).toEqual(['member_unlisted'])
  })

  test('what another product adds is held to its hash and to nothing else', async () => {
    const members = (all: Members): void => void all.set('dossier/report.pdf', Buffer.from('x'))
    const report = await verifySpec({ ...FULL, members })
    expect(report.result).toBe('valid')
    expect(report.not_checked.join('\n')).toMatch(/1 further member/)
  })
})

describe('reports', () => {
  test('count what is missing of very many members as well', async () => {
    const specs = Array.from({ length: 250 }, (): RecordSpec => ({ type: 'chain.heartbeat' }))
    const many = createLog([GENESIS, ...specs])
    const seqs = many.records.map(({ seq }) => seq)
    const members = (all: Members): void => {
      for (const path of all.keys()) if (path.startsWith('proofs/')) all.delete(path)
    }
    const report = await verifySpec({ log: many, kind: 'excerpt', seqs, members })
    expect(report.failures.filter(({ code }) => code === 'proof_missing')).toHaveLength(100)
    expect(report.notes).toContain('151 more failures of proof_missing not listed.')
  })

  test('list the first hundred failures of a code and count the others', async () => {
    const many = createLog([
      GENESIS,
      ...Array.from({ length: 300 }, (): RecordSpec => ({
        type: 'chain.heartbeat',
        envelope: { org: idOf(9) },
      })),
    ])
    const report = await verifySpec({ log: many, kind: 'full' })
    expect(report.failures).toHaveLength(100)
    expect(report.notes.join('\n')).toContain('200 more failures of wrong_org')
  })

  test('note chats that have no end, and signatures by strangers', async () => {
    const report = await verifySpec({ ...FULL, signers: [SIGNER, other] })
    expect(report.notes).toEqual([
      '1 chat began without an end in this bundle.',
      '2 signatures by keys that were not given: ignored.',
    ])
  })

  test('never quote a value', async () => {
    const secret = 'very secret'
    const bad = createLog([
      GENESIS,
      { type: 'chat.started', content: { prompt: secret }, envelope: { trace: secret } },
    ])
    const members = line('content.jsonl', 0, (value) => ({ ...value, value: `${secret}!` }))
    expect(JSON.stringify(await verifySpec({ log: bad, kind: 'full', members }))).not.toContain(
      secret,
    )
  })

  test('a container that fails is a failure, not an exception', async () => {
    const members = await buildBundle(FULL)
    const failing = {
      ...memoryBundle(members),
      open: (path: string) => {
        if (path === 'records.jsonl') throw new Error('disk')
        return memoryBundle(members).open(path)
      },
    }
    const report = await verifyBundle(async () => failing, { keys: [VKEY] })
    expect(report).toMatchObject({ result: 'invalid', exit: 1, holds: [] })
    expect(report.failures.map(({ code }) => code)).toContain('internal')
  })

  test('content may come in any order', async () => {
    const members = (all: Members): void => {
      const lines = all.get('content.jsonl')!.toString().trimEnd().split('\n')
      all.set('content.jsonl', Buffer.from(`${lines.reverse().join('\n')}\n`))
    }
    for (const [, spec] of KINDS) expect(await codesOf({ ...spec, members })).toEqual([])
  })

  test('JSON may be written in other ways', async () => {
    const members = (all: Members): void => {
      for (const path of ['records.jsonl', 'content.jsonl', 'keys.jsonl']) {
        const lines = all.get(path)!.toString().replaceAll(':"', ' :\t"').replaceAll('ä', '\\u00e4')
        all.set(path, Buffer.from(lines))
      }
    }
    expect(await codesOf({ ...FULL, members })).toEqual([])
  })
})
