import { formatVkey, type NoteSigner, signNote } from '../src/index.js'
import { type BundleSpec, type Members, vkeysOf } from './bundle-builder.js'
import { EXCERPT, FULL, type GoldenCase, PLAIN, RANGE, tamperedCase as bad } from './golden-case.js'
import { ELSEWHERE, forkedLog, goldenLog, plainLog, STRANGER } from './golden-logs.js'
import { LOG_ORIGIN, NEXT_SIGNER, SIGNER, type TestLog, VKEY } from './test-log.js'
import { writeZip, type ZipMember, zipOf } from './zip-writer.js'

type Tamper = (members: Members) => void

const remove =
  (path: string): Tamper =>
  (members) =>
    members.delete(path)
const text =
  (path: string, change: (text: string) => string): Tamper =>
  (members) =>
    members.set(path, Buffer.from(change(members.get(path)!.toString())))
const note =
  (path: string, value: string): Tamper =>
  (members) =>
    members.set(path, Buffer.from(value))

/** A key whose signature is by another one. */
const FORGED: NoteSigner = { ...SIGNER, sign: (message) => STRANGER.sign(message) }

/** The same tree under the name of another incarnation, and properly signed. */
function elsewhere(log: TestLog, size: bigint): string {
  const text = log.checkpoint(size).replace(LOG_ORIGIN, ELSEWHERE.name)
  return signNote(text.slice(0, text.indexOf('\n\n') + 1), [ELSEWHERE])
}

const NOTES: readonly GoldenCase[] = [
  bad('checkpoint_malformed', 'no-blank-line', 'No blank line before the signatures.', {
    ...PLAIN,
    members: text('checkpoint.note', (all) => all.replace('\n\n', '\n')),
  }),
  bad('checkpoint_malformed', 'carriage-returns', 'Lines that end in CR LF.', {
    ...PLAIN,
    members: text('checkpoint.note', (all) => all.replaceAll('\n', '\r\n')),
  }),
  bad('checkpoint_signature', 'forged', 'The signature is not of the key that it names.', {
    ...PLAIN,
    members: note('checkpoint.note', plainLog.checkpoint(5n, [FORGED])),
  }),
  bad('checkpoint_signature', 'stranger', 'Signed by a key that was not given.', {
    ...PLAIN,
    members: note('checkpoint.note', plainLog.checkpoint(5n, [STRANGER])),
  }),
  bad(
    'checkpoint_signature',
    'second-forged',
    'One of two given keys did not sign what it is said to have signed.',
    {
      ...FULL,
      members: note(
        'checkpoint.note',
        goldenLog.checkpoint(14n, [SIGNER, { ...NEXT_SIGNER, sign: FORGED.sign }]),
      ),
    },
    { keys: vkeysOf(SIGNER, NEXT_SIGNER) },
  ),
  bad('root_mismatch', 'other-log', 'The checkpoint of a fork, signed by the same key.', {
    ...FULL,
    members: note('checkpoint.note', forkedLog.checkpoint(14n)),
  }),
  bad('manifest_mismatch', 'other-size', 'A checkpoint of another size.', {
    ...PLAIN,
    members: note('checkpoint.note', plainLog.checkpoint(4n)),
  }),
]

const EARLIER: BundleSpec = { ...RANGE, previousSize: 7n }

const PREVIOUS: readonly GoldenCase[] = [
  bad('consistency', 'other-past', 'The log does not continue a checkpoint that was seen.', FULL, {
    previous: forkedLog.checkpoint(5n),
  }),
  bad('consistency', 'same-size', 'Two checkpoints of one size and two roots.', FULL, {
    previous: forkedLog.checkpoint(14n),
  }),
  bad('consistency', 'hash-less', 'A hash of the proof is gone.', {
    ...EARLIER,
    members: text('consistency.proof', (all) => all.slice(0, all.indexOf('\n') + 1)),
  }),
  bad('consistency', 'proof-of-other-size', 'The proof belongs to another earlier size.', {
    ...EARLIER,
    members: note('previous.note', goldenLog.checkpoint(6n)),
  }),
  bad(
    'consistency_missing',
    'not-enclosed',
    'A range without proof, and a checkpoint that was seen.',
    RANGE,
    { previous: goldenLog.checkpoint(7n) },
  ),
  bad('consistency_missing', 'no-proof', 'An earlier checkpoint without a proof.', {
    ...EARLIER,
    members: remove('consistency.proof'),
  }),
  bad('consistency_missing', 'no-note', 'A proof without an earlier checkpoint.', {
    ...EARLIER,
    members: remove('previous.note'),
  }),
  bad('consistency_malformed', 'no-base64', 'A line that is not base64.', {
    ...EARLIER,
    members: text('consistency.proof', (all) => `x${all}`),
  }),
  bad('consistency_malformed', 'no-line-feed', 'The last line does not end.', {
    ...EARLIER,
    members: text('consistency.proof', (all) => all.slice(0, -1)),
  }),
  bad('previous_malformed', 'enclosed', 'An enclosed checkpoint that is none.', {
    ...EARLIER,
    members: note('previous.note', 'x\n'),
  }),
  bad('previous_malformed', 'given', 'The earlier checkpoint that is given is none.', PLAIN, {
    previous: 'x\n',
    exit: 2,
  }),
  bad(
    'previous_newer',
    'cut-back',
    'The bundle ends before a checkpoint that was seen.',
    { ...FULL, size: 12n },
    { previous: goldenLog.checkpoint(13n) },
  ),
  bad('previous_differs', 'other-size', 'Another checkpoint is enclosed than was given.', EARLIER, {
    previous: goldenLog.checkpoint(6n),
  }),
  bad(
    'previous_differs',
    'other-past',
    'The enclosed checkpoint has the size of the given one and another root.',
    EARLIER,
    { previous: forkedLog.checkpoint(7n) },
  ),
  bad('previous_origin', 'other-incarnation', 'A checkpoint of another incarnation.', FULL, {
    previous: elsewhere(goldenLog, 5n),
    keys: [VKEY, formatVkey(ELSEWHERE)],
  }),
  bad('checkpoint_signature', 'previous-stranger', 'An earlier checkpoint by a stranger.', FULL, {
    previous: goldenLog.checkpoint(5n, [STRANGER]),
  }),
]

const change = (value: object): Pick<BundleSpec, 'manifest'> => ({
  manifest: (manifest) => void Object.assign(manifest, value),
})

const MANIFEST: readonly GoldenCase[] = [
  bad('key_malformed', 'no-key', 'What is given as a key is none.', PLAIN, { keys: ['x'] }),
  bad('key_malformed', 'other-id', 'A key whose id is not the one of its bytes.', PLAIN, {
    keys: [VKEY.replace(/\+[0-9a-f]{8}\+/, '+00000000+')],
  }),
  bad('manifest_missing', 'gone', 'There is no manifest.', {
    ...PLAIN,
    signed: remove('manifest.json'),
  }),
  bad('manifest_malformed', 'further-field', 'A field that does not exist.', {
    ...PLAIN,
    ...change({ note: 'x' }),
  }),
  bad('manifest_malformed', 'no-json', 'Something follows the JSON.', {
    ...PLAIN,
    signed: text('manifest.json', (all) => `${all}x`),
  }),
  bad('manifest_malformed', 'path-upwards', 'It lists a path out of the bundle.', {
    ...PLAIN,
    manifest: ({ members }) => (members['../x'] = { sha256: 'a'.repeat(64), bytes: 1 }),
  }),
  bad('manifest_version', 'two', 'Of a version that is not this one.', {
    ...PLAIN,
    ...change({ version: 2 }),
  }),
  bad(
    'manifest_mismatch',
    'other-incarnation',
    'The checkpoint is of another incarnation, and signed by a key that was given.',
    { ...PLAIN, members: note('checkpoint.note', elsewhere(plainLog, 5n)) },
    { keys: [VKEY, formatVkey(ELSEWHERE)] },
  ),
  bad('manifest_signature', 'edited', 'A blank more than what was signed.', {
    ...PLAIN,
    signed: text('manifest.json', (all) => `${all} `),
  }),
  bad('manifest_signature', 'forged', 'The signature is not of the key that it names.', {
    ...PLAIN,
    signers: [FORGED],
    members: note('checkpoint.note', plainLog.checkpoint(5n)),
  }),
  bad('manifest_signature', 'no-note', 'manifest.sig is not a note.', {
    ...PLAIN,
    signed: note('manifest.sig', 'x'),
  }),
  bad('manifest_signature_missing', 'gone', 'Nobody signed the manifest.', {
    ...PLAIN,
    signed: remove('manifest.sig'),
  }),
  ...(['records', 'content', 'erasures', 'keys'] as const).map((name) =>
    bad('counts', name, `Another number of ${name} than there is.`, {
      ...PLAIN,
      manifest: ({ counts }) => (counts[name] = counts[name]! + 1),
    }),
  ),
  bad('counts', 'proofs', 'Another number of proofs than there is.', {
    ...EXCERPT,
    manifest: ({ counts }) => (counts['proofs'] = counts['proofs']! + 1),
  }),
]

const flip =
  (path: string): Tamper =>
  (members) => {
    const bytes = Buffer.from(members.get(path)!)
    bytes[bytes.length >> 1]! ^= 1
    members.set(path, bytes)
  }

const MEMBERS: readonly GoldenCase[] = [
  bad('member_missing', 'always-there', 'SPEC.md is neither listed nor there.', {
    ...PLAIN,
    members: remove('SPEC.md'),
  }),
  bad('member_missing', 'listed', 'content.jsonl is listed and not there.', {
    ...PLAIN,
    signed: remove('content.jsonl'),
  }),
  bad('member_missing', 'range', 'A range without range.json.', {
    ...RANGE,
    members: remove('range.json'),
  }),
  bad('member_unlisted', 'extra', 'A file that the manifest does not list.', {
    ...PLAIN,
    signed: note('extra.txt', 'x\n'),
  }),
  bad('member_unlisted', 'proof', 'A proof that the manifest does not list.', {
    ...EXCERPT,
    signed: note('proofs/8.json', '{}'),
  }),
  ...[
    'records.jsonl',
    'content.jsonl',
    'erasures.jsonl',
    'keys.jsonl',
    'checkpoint.note',
    'SPEC.md',
    'range.json',
    'proofs/4.json',
  ].map((path) =>
    bad('member_hash', path.replace(/\W/g, '-').toLowerCase(), `A bit of ${path} changed.`, {
      ...(/^(range|proofs|erasures)/.test(path) ? RANGE : PLAIN),
      signed: flip(path),
    }),
  ),
]

/** Independent defects: each is reported. */
const SEVERAL: readonly GoldenCase[] = [
  bad(
    ['commitment', 'counts', 'erasure_mismatch', 'keys_mismatch'],
    'and-others',
    'Four defects that have nothing to do with each other.',
    {
      ...FULL,
      members: (members) => {
        editFirst(members, 'content.jsonl', { value: 'else' })
        editFirst(members, 'erasures.jsonl', { legal_basis: 'none' })
        const line = { use: 'checkpoint', vkey: formatVkey(STRANGER), seq: '0' }
        members.set(
          'keys.jsonl',
          Buffer.concat([members.get('keys.jsonl')!, Buffer.from(`${JSON.stringify(line)}\n`)]),
        )
      },
      manifest: ({ counts }) => (counts['records'] = 99),
    },
  ),
]

function editFirst(members: Members, path: string, edit: object): void {
  const [first = '', ...rest] = members.get(path)!.toString().split('\n')
  const line = { ...(JSON.parse(first) as object), ...edit }
  members.set(path, Buffer.from([JSON.stringify(line), ...rest].join('\n')))
}

/** Stored, because what a compressor writes differs from one version to the next. */
function zipCase(
  code: 'bundle_unsafe' | 'bundle_unreadable' | 'member_unreadable',
  name: string,
  about: string,
  zip: (members: Members) => Buffer,
): GoldenCase {
  const plain = bad(code, `${name}.zip`, about, PLAIN)
  return { ...plain, build: async () => zip((await plain.build()) as Members) }
}

const withMember =
  (member: Partial<ZipMember>) =>
  (members: Members): Buffer =>
    writeZip([
      ...[...members].map(([path, data]) => ({ name: path, data, isStored: true })),
      { name: 'extra.txt', data: Buffer.from('x'), isStored: true, ...member },
    ])
const stored = (members: Members): Buffer => zipOf(members, { isStored: true })

const CONTAINERS: readonly GoldenCase[] = [
  zipCase(
    'bundle_unsafe',
    'path-upwards',
    'A path with `..`.',
    withMember({ name: '../extra.txt' }),
  ),
  zipCase(
    'bundle_unsafe',
    'absolute-path',
    'An absolute path.',
    withMember({ name: '/extra.txt' }),
  ),
  zipCase('bundle_unsafe', 'backslash', 'A backslash in a path.', withMember({ name: 'a\\b.txt' })),
  zipCase(
    'bundle_unsafe',
    'name-twice',
    'Two members have one name.',
    withMember({ name: 'keys.jsonl' }),
  ),
  zipCase('bundle_unsafe', 'link', 'A symbolic link.', withMember({ attributes: 0o120777 })),
  zipCase('bundle_unsafe', 'encrypted', 'An encrypted member.', withMember({ flags: 0x801 })),
  zipCase('bundle_unreadable', 'truncated', 'The end is cut off.', (members) =>
    stored(members).subarray(0, -100),
  ),
  zipCase('bundle_unreadable', 'no-zip', 'Zeros.', () => Buffer.alloc(1_000)),
  zipCase('bundle_unreadable', 'no-bytes', 'An empty file.', () => Buffer.alloc(0)),
  zipCase('member_unreadable', 'checksum', 'A member whose CRC is of other bytes.', (members) =>
    writeZip(
      [...members].map(([name, data]) => {
        const member = { name, data, isStored: true }
        return name === 'SPEC.md' ? { ...member, crc: 7 } : member
      }),
    ),
  ),
]

export const TAMPERED_OUTSIDE: readonly GoldenCase[] = [
  ...NOTES,
  ...PREVIOUS,
  ...MANIFEST,
  ...MEMBERS,
  ...SEVERAL,
  ...CONTAINERS,
]
