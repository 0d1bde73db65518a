import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto'
import {
  canonicalize,
  CompactRange,
  createRecordMac,
  createVerifierKey,
  deriveChainKey,
  type Envelope,
  formatCheckpoint,
  formatVkey,
  genesisMac,
  type JsonObject,
  leafHash,
  logOrigin,
  nodeHash,
  type NoteSigner,
  type RecordType,
  signNote,
  type SubtreeReader,
} from '../src/index.js'
import { commit } from '../src/commitment.js'
import { type CommittedField } from '../src/record-types.js'

export const ORIGIN = 'audit.example.com'
export const ORG = '0199c1d2-0000-7000-8000-00000000000a'
export const INC = '0199c1d2-0000-4000-8000-00000000000b'
export const LOG_ORIGIN = logOrigin(ORIGIN, ORG, INC)

/** A record to be. What is left out is filled in; the same input always gives the same bytes. */
export interface RecordSpec {
  readonly type: RecordType
  readonly attrs?: JsonObject
  readonly content?: { readonly [F in CommittedField]?: string }
  readonly ref?: string
  readonly kid?: string
  /** `2026-11-23T10:00:00.000007Z`; default: one second and seven microseconds after the one before. */
  readonly recordedAt?: string
  /** What the envelope says instead, whatever the rules are. */
  readonly envelope?: Record<string, unknown>
  /** Bytes instead of all this. */
  readonly canonical?: Buffer
}

export interface TestRecord {
  readonly seq: bigint
  readonly envelope: Envelope
  readonly canonical: Buffer
  readonly mac: Buffer
  readonly content: ReadonlyMap<CommittedField, { readonly salt: Buffer; readonly value: string }>
}

export interface TestLog {
  readonly records: readonly TestRecord[]
  /** Reads subtrees, for proofs. */
  readonly subtree: SubtreeReader
  checkpoint(size: bigint, signers?: readonly NoteSigner[]): string
}

/** A key that is the same every time, for vectors that are committed. */
export function createTestSigner(seed: string, name = LOG_ORIGIN): NoteSigner {
  const prefix = Buffer.from('302e020100300506032b657004220420', 'hex')
  const key = Buffer.concat([prefix, digest(`key/${seed}`)])
  const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' })
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' })
  const verifier = createVerifierKey(name, Buffer.from(x, 'base64url'))
  return { ...verifier, sign: (message) => sign(null, message, privateKey) }
}

export const SIGNER = createTestSigner('checkpoint-1')
export const VKEY = formatVkey(SIGNER)

export function idOf(seq: number | bigint): string {
  return `0199c1d2-0000-7000-8000-${BigInt(seq).toString(16).padStart(12, '0')}`
}

export const GENESIS: RecordSpec = {
  type: 'chain.genesis',
  attrs: {
    origin: ORIGIN,
    vkey: VKEY,
    algorithms: { hash: 'sha-256', mac: 'hmac-sha-256', signature: 'ed25519' },
    policy_versions: { pii: '1' },
  },
}

/** Attributes as the schema has them; nothing here reads them. */
export const STARTED = { provider: 'p', model: 'm', ends_by: '2026-11-23T11:00:00.000000Z' }
export const COMPLETED = { outcome: 'completed', provider: 'p', model: 'm' }

/** A chat of two records, the first at `seq`. */
export function chat(seq: number, prompt = `prompt ${seq} ä🙂`, response = 'answer'): RecordSpec[] {
  return [
    { type: 'chat.started', attrs: STARTED, content: { prompt } },
    { type: 'chat.completed', attrs: COMPLETED, ref: idOf(seq), content: { response } },
  ]
}

export function createLog(specs: readonly RecordSpec[]): TestLog {
  const records: TestRecord[] = []
  let kid = 'mac-1'
  let time = Date.UTC(2026, 10, 23, 10)
  let mac: Buffer | undefined
  for (const [index, spec] of specs.entries()) {
    kid = spec.kid ?? kid
    const recordedAt = spec.recordedAt ?? timestampOf(time, index)
    time = Date.parse(recordedAt) + 1_000
    const record = createRecord(BigInt(index), spec, { kid, recordedAt, previous: mac })
    mac = record.mac
    records.push(record)
  }
  const leaves = records.map(({ canonical }) => leafHash(canonical))
  return {
    records,
    subtree: createSubtreeReader(leaves),
    checkpoint: (size, signers = [SIGNER]) => {
      const range = new CompactRange()
      for (const leaf of leaves.slice(0, Number(size))) range.append(leaf)
      return signNote(formatCheckpoint({ origin: LOG_ORIGIN, size, root: range.root() }), signers)
    },
  }
}

function createRecord(
  seq: bigint,
  spec: RecordSpec,
  { kid, recordedAt, previous }: { kid: string; recordedAt: string; previous: Buffer | undefined },
): TestRecord {
  const content = new Map(
    Object.entries(spec.content ?? {}).map(([field, value]) => {
      const salt = digest(`salt/${seq}/${field}`)
      return [field as CommittedField, { salt, value }] as const
    }),
  )
  const commitments = Object.fromEntries(
    [...content].map(([field, { salt, value }]) => [field, commit(salt, value)]),
  )
  const envelope = {
    v: 1,
    org: ORG,
    inc: INC,
    seq: String(seq),
    id: idOf(seq),
    type: spec.type,
    occurred_at: recordedAt,
    recorded_at: recordedAt,
    actor: { kind: 'service' },
    ...(spec.ref === undefined ? {} : { ref: spec.ref }),
    attrs: spec.attrs ?? {},
    ...(content.size === 0 ? {} : { commitments }),
    kid,
    ...spec.envelope,
  } as Envelope
  const canonical = spec.canonical ?? canonicalize(envelope)
  const key = deriveChainKey({ master: digest(`master/${kid}`), kid, org: ORG, inc: INC })
  const before = previous ?? genesisMac(key, ORG, INC)
  const mac = createRecordMac(key, ORG)(seq, before, leafHash(canonical))
  return { seq, envelope, canonical, mac, content }
}

/** Microseconds differ from zero throughout: what loses them is found. */
function timestampOf(timeMs: number, index: number): string {
  const micros = String((index % 999) + 1).padStart(3, '0')
  return `${new Date(timeMs).toISOString().slice(0, -1)}${micros}Z`
}

function createSubtreeReader(leaves: readonly Buffer[]): SubtreeReader {
  const levels: Uint8Array[][] = [[...leaves]]
  return async ({ height, index }) => {
    for (let level = levels.length; level <= height; level += 1) {
      const below = levels[level - 1] ?? []
      levels.push(
        Array.from({ length: below.length >> 1 }, (_, at) =>
          nodeHash(below[2 * at] as Uint8Array, below[2 * at + 1] as Uint8Array),
        ),
      )
    }
    return levels[height]?.[Number(index)] as Uint8Array
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** The key that a log rotates to. */
export const NEXT_SIGNER = createTestSigner('checkpoint-2')

/**
 * A log with one of everything that verification has a rule about. Sequences 1 to 4 are chats, 5 and 6
 * rotate keys, 7 to 10 are chats again, 11 approves, 12 and 13 erase, 14 is content that expired, and
 * 15 to 20 follow.
 */
export function storyLog(): TestLog {
  const erasure = { legal_basis: 'gdpr-17', approved_by: idOf(11) }
  return createLog([
    GENESIS,
    ...chat(1),
    ...chat(3),
    { type: 'key.announced', attrs: { use: 'mac', kid: 'mac-2' } },
    { type: 'key.announced', attrs: { use: 'checkpoint', vkey: formatVkey(NEXT_SIGNER) } },
    { ...chat(7)[0]!, kid: 'mac-2' },
    ...chat(7).slice(1),
    ...chat(9),
    { type: 'oversight.decided', content: { rationale: 'a person asked' } },
    { type: 'subject.erased', attrs: { seqs: ['1-2'], ...erasure } },
    { type: 'subject.erased', attrs: { seqs: ['3', '9'], fields: ['prompt'], ...erasure } },
    { type: 'content.expired', attrs: { seqs: ['4'], ...erasure } },
    ...chat(15),
    ...chat(17),
    { type: 'chat.started', attrs: STARTED, content: { prompt: 'open', originals: '{"a":"b"}' } },
    { type: 'dossier.exported', attrs: { kind: 'full' } },
  ])
}
