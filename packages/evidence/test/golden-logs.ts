import { readFileSync } from 'node:fs'
import { ATTRS_SCHEMA_FOLDER, type Envelope, formatVkey, RECORD_TYPES } from '../src/index.js'
import {
  createLog,
  createTestSigner,
  GENESIS,
  idOf,
  LOG_ORIGIN,
  NEXT_SIGNER,
  ORIGIN,
  type RecordSpec,
  type TestLog,
  VKEY,
} from './test-log.js'

/**
 * Logs of the golden bundles. Keys, salts, ids and times are derived from constants, and Ed25519 is
 * deterministic (RFC 8032), so that the same bytes come out every time.
 */

/** Signs, and is in no log. */
export const STRANGER = createTestSigner('stranger')
/** Same key, a log of another incarnation. */
export const ELSEWHERE = createTestSigner('checkpoint-1', `${LOG_ORIGIN.slice(0, -1)}c`)

const chain = JSON.parse(
  readFileSync(new URL('../vectors/chain.json', import.meta.url), 'utf8'),
) as { readonly records: readonly { readonly envelope: Envelope }[] }

/** Attributes that the schema of the type allows: those of `chain.json`, with some of them replaced. */
function attrsOf(type: string, other: Envelope['attrs'] = {}): Envelope['attrs'] {
  const found = chain.records.find(({ envelope }) => envelope.type === type)
  if (!found) throw new Error(`chain.json has no ${type}`)
  return { ...found.envelope.attrs, ...other }
}

/** Without what the schema does not ask for, so that many bundles stay small. */
function requiredOf(type: string): Envelope['attrs'] {
  const text = readFileSync(new URL(`${type}.json`, ATTRS_SCHEMA_FOLDER), 'utf8')
  const { required } = JSON.parse(text) as { readonly required: readonly string[] }
  const entries = Object.entries(attrsOf(type)).filter(([name]) => required.includes(name))
  return Object.fromEntries(entries)
}

const HEARTBEAT: RecordSpec = { type: 'chain.heartbeat' }
const EXPORTED: RecordSpec = { type: 'dossier.exported', attrs: { kind: 'full' } }

function started(content: RecordSpec['content'] & object, kid?: string): RecordSpec {
  return { type: 'chat.started', attrs: requiredOf('chat.started'), content, ...(kid && { kid }) }
}

function completed(startedAt: number, response: string): RecordSpec {
  const attrs = requiredOf('chat.completed')
  return { type: 'chat.completed', attrs, ref: idOf(startedAt), content: { response } }
}

function chatAt(seq: number): RecordSpec[] {
  return [started({ prompt: `prompt ${seq} ä🙂` }), completed(seq, 'answer')]
}

/** A log of five records in which nothing was erased and no key changed. */
export const plainLog = createLog([GENESIS, ...chatAt(1), HEARTBEAT, EXPORTED])

const ERASURE = { legal_basis: 'gdpr-17', approved_by: idOf(7) }

/**
 * The log that most bundles are of. 1 and 2, 5 and 6 are chats; 3 rotates the key of MACs; 7 approves;
 * 9 erases both fields of the first chat, 10 one field of the second; 11 announces a signing key.
 */
export const goldenLog = createLog([
  GENESIS,
  ...chatAt(1),
  { type: 'key.announced', attrs: { use: 'mac', kid: 'mac-2' } },
  HEARTBEAT,
  started({ prompt: 'second prompt', originals: '{"[EMAIL_1]":"ada@example.eu"}' }, 'mac-2'),
  completed(5, 'A widespread infringement [1].'),
  {
    type: 'oversight.decided',
    attrs: { decision: 'accept' },
    ref: idOf(6),
    content: { rationale: 'a person asked' },
  },
  HEARTBEAT,
  { type: 'subject.erased', attrs: { seqs: ['1-2'], ...ERASURE } },
  { type: 'content.expired', attrs: { seqs: ['5'], fields: ['originals'], ...ERASURE } },
  { type: 'key.announced', attrs: { use: 'checkpoint', vkey: formatVkey(NEXT_SIGNER) } },
  { type: 'document.ingested', attrs: attrsOf('document.ingested') },
  EXPORTED,
])

/** As `goldenLog` begins, and then otherwise: what a database has after a rewrite of history. */
export const forkedLog = createLog([
  GENESIS,
  started({ prompt: 'another past' }),
  completed(1, 'answer'),
  ...Array.from({ length: 11 }, () => HEARTBEAT),
])

/** Record 3 announces the next key and retires the first. */
export const retiringLog = createLog([
  GENESIS,
  ...chatAt(1),
  {
    type: 'key.announced',
    attrs: { use: 'checkpoint', vkey: formatVkey(NEXT_SIGNER), retires: VKEY },
  },
  ...chatAt(4),
])

/** A log in which record 3 breaks a rule, while everything is as signed. */
export function logWith(...specs: readonly RecordSpec[]): TestLog {
  return createLog([GENESIS, ...chatAt(1), ...specs, HEARTBEAT])
}

/** Text that goes wrong when bytes are not kept as they are. */
const AWKWARD = 'm\u2028\u2029\u007f\u0080\ufeff\ufffd"\\/\b\t\n\r é e\u0301 𝄞😀 \u{10ffff}'

const CONTENT = {
  prompt: `${AWKWARD}\u0000`,
  response: '',
  passages: '[{"chunk":"c1","document":"d1","n":1,"text":"Straße 😀"}]',
  originals: '{"[EMAIL_1]":"ada@example.eu"}',
  rationale: '\u2028 line separators \u2029',
} as const

/** What differs from `chain.json`, and why a wrong implementation would notice. */
const REPLACED: Readonly<Record<string, Envelope['attrs']>> = {
  'chain.genesis': { origin: ORIGIN, vkey: VKEY },
  'chat.started': { model: AWKWARD, ends_by: '2026-11-23T23:59:59.999999Z' },
  // 2^53 + 1: what reads it as a double changes it.
  'settings.changed': { version: '9007199254740993' },
  'dossier.exported': { tree_size: '9007199254740991' },
  'subject.erased': { approved_by: idOf(7) },
  'content.expired': { approved_by: idOf(7) },
}

/** One record of every type, in the order of SPEC.md, with every optional field of an envelope. */
export const everyTypeLog = createLog(
  RECORD_TYPES.map((type): RecordSpec => {
    const { envelope } = chain.records.find((record) => record.envelope.type === type)!
    const { actor, trace, ref, commitments = {}, occurred_at: occurredAt } = envelope
    const fields = Object.keys(commitments) as (keyof typeof CONTENT)[]
    return {
      type,
      attrs: attrsOf(type, REPLACED[type]),
      content: Object.fromEntries(fields.map((field) => [field, CONTENT[field]])),
      recordedAt: envelope.recorded_at.replace(/...Z$/, '999Z'),
      ...(ref === undefined ? {} : { ref }),
      envelope: { actor, occurred_at: occurredAt, ...(trace === undefined ? {} : { trace }) },
    }
  }),
)
