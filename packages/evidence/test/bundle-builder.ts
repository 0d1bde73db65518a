import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import {
  consistencyProof,
  type Envelope,
  formatVkey,
  inclusionProof,
  type NoteSigner,
  rangeProof,
  signNote,
} from '../src/index.js'
import type { CommittedField } from '../src/record-types.js'
import { manifestText } from '../src/verify/signed-notes.js'
import { INC, LOG_ORIGIN, ORG, ORIGIN, SIGNER, type TestLog, type TestRecord } from './test-log.js'

/** Path → bytes. */
export type Members = Map<string, Buffer>

/** A manifest while it can still be changed. */
export interface MutableManifest {
  [field: string]: unknown
  counts: Record<string, number>
  members: Record<string, { sha256: string; bytes: number }>
}

/**
 * A bundle to be. It is valid unless a hook changes it: `members` before the manifest counts and hashes
 * them, `manifest` before it is signed, `signed` after that.
 */
export interface BundleSpec {
  readonly log: TestLog
  readonly kind: 'full' | 'range' | 'excerpt'
  /** Of the tree; default: all records. */
  readonly size?: bigint
  /** Of a range: [from, to). */
  readonly period?: { readonly from: string; readonly to: string }
  /** Of an excerpt. */
  readonly seqs?: readonly bigint[]
  /** `<seq>/<field>`. */
  readonly withheld?: readonly string[]
  /** Size of an earlier checkpoint to be enclosed. */
  readonly previousSize?: bigint
  readonly signers?: readonly NoteSigner[]
  readonly previousSigners?: readonly NoteSigner[]
  readonly members?: (members: Members) => void
  readonly manifest?: (manifest: MutableManifest) => void
  readonly signed?: (members: Members) => void
}

export async function buildBundle(spec: BundleSpec): Promise<Members> {
  const { signers = [SIGNER] } = spec
  const members = await buildMembers(spec)
  spec.members?.(members)
  const manifest = buildManifest(spec, members)
  spec.manifest?.(manifest)
  const bytes = Buffer.from(`${JSON.stringify(manifest, undefined, 2)}\n`)
  members.set('manifest.json', bytes)
  members.set('manifest.sig', Buffer.from(signNote(manifestText(LOG_ORIGIN, bytes), signers)))
  spec.signed?.(members)
  return members
}

/** Replaces the objects on the lines of a member; undefined removes one. */
export function editLines(
  members: Members,
  path: string,
  edit: (line: Record<string, unknown>, index: number) => object | undefined | object[],
): void {
  const lines = linesOf(members, path).flatMap((line, index) => edit(line, index) ?? [])
  members.set(path, jsonLines(lines))
}

export function linesOf(members: Members, path: string): Record<string, unknown>[] {
  const lines = (members.get(path) ?? Buffer.alloc(0)).toString('utf8').split('\n')
  return lines.slice(0, -1).map((line) => JSON.parse(line) as Record<string, unknown>)
}

export function editJson(
  members: Members,
  path: string,
  edit: (value: Record<string, unknown>) => void,
): void {
  const value = JSON.parse((members.get(path) ?? Buffer.from('{}')).toString('utf8')) as object
  edit(value as Record<string, unknown>)
  members.set(path, Buffer.from(JSON.stringify(value)))
}

/** What a bundle of this kind has to contain, and where records stand in it. */
interface Selection {
  readonly size: bigint
  readonly first: bigint
  readonly end: bigint
  readonly records: readonly TestRecord[]
  readonly erasures: readonly TestRecord[]
  readonly keys: readonly TestRecord[]
}

function select(spec: BundleSpec): Selection {
  const { log, kind, seqs = [] } = spec
  const size = spec.size ?? BigInt(log.records.length)
  const all = log.records.slice(0, Number(size))
  const { first, end } = boundsOf(spec, all)
  const keys = all.filter(({ envelope: { type } }) =>
    /^(chain\.genesis|key\.announced)$/.test(type),
  )
  const isChosen = ({ seq }: TestRecord): boolean =>
    kind === 'excerpt' ? seqs.includes(seq) : seq >= first && seq < end
  const chosen = all.filter(isChosen)
  const beside = all.filter(
    ({ seq }) => kind === 'range' && ((first > 0n && seq === first - 1n) || seq === end),
  )
  const wanted = new Set([...chosen, ...beside, ...keys])
  const erasures = all.filter((record) => isErasureOf(record, [...wanted]) || isOwn(record, wanted))
  for (const erasure of erasures) wanted.add(erasure)
  return { size, first, end, keys, erasures, records: all.filter((record) => wanted.has(record)) }
}

function boundsOf(
  { kind, period }: BundleSpec,
  all: readonly TestRecord[],
): { first: bigint; end: bigint } {
  if (kind === 'full') return { first: 0n, end: BigInt(all.length) }
  const firstFrom = (time: string): bigint => {
    const index = all.findIndex(({ envelope }) => envelope.recorded_at >= time)
    return BigInt(index < 0 ? all.length : index)
  }
  return period
    ? { first: firstFrom(period.from), end: firstFrom(period.to) }
    : { first: 0n, end: 0n }
}

async function buildMembers(spec: BundleSpec): Promise<Members> {
  const { log, kind, previousSize } = spec
  const selection = select(spec)
  const { size, first, end, records } = selection
  const members: Members = new Map()
  members.set('checkpoint.note', Buffer.from(log.checkpoint(size, spec.signers)))
  members.set(
    'records.jsonl',
    jsonLines(
      records.map(({ seq, canonical, mac }) => ({
        seq: String(seq),
        canonical: canonical.toString('base64'),
        mac: mac.toString('base64'),
      })),
    ),
  )
  members.set('content.jsonl', jsonLines(contentLines(spec, selection)))
  members.set('erasures.jsonl', jsonLines(selection.erasures.map(erasureLine)))
  members.set('keys.jsonl', jsonLines(selection.keys.flatMap(keyLines)))
  members.set('SPEC.md', readFileSync(new URL('../SPEC.md', import.meta.url)))
  const isLone = (seq: bigint): boolean => kind === 'excerpt' || seq < first || seq >= end
  for (const { seq } of kind === 'full' ? [] : records.filter(({ seq }) => isLone(seq))) {
    const hashes = await inclusionProof(seq, size, log.subtree)
    const proof = { seq: String(seq), size: String(size), hashes: hashes.map(base64) }
    members.set(`proofs/${seq}.json`, Buffer.from(JSON.stringify(proof)))
  }
  if (kind === 'range') {
    const { left, right } = await rangeProof({ first, end, size }, log.subtree)
    const range = {
      ...{ first: String(first), end: String(end), size: String(size) },
      ...{ left: left.map(base64), right: right.map(base64) },
    }
    members.set('range.json', Buffer.from(JSON.stringify(range)))
  }
  if (previousSize !== undefined) {
    const hashes = await consistencyProof(previousSize, size, log.subtree)
    const note = log.checkpoint(previousSize, spec.previousSigners ?? spec.signers)
    members.set('previous.note', Buffer.from(note))
    members.set(
      'consistency.proof',
      Buffer.from(hashes.map((hash) => `${base64(hash)}\n`).join('')),
    )
  }
  return members
}

function buildManifest(spec: BundleSpec, members: Members): MutableManifest {
  const { kind, period } = spec
  const { size, first, end } = select(spec)
  const lines = (path: string): number =>
    members.get(path)?.toString('latin1').match(/\n/g)?.length ?? 0
  return {
    format: 'lexcustis-audit-export',
    version: 1,
    kind,
    origin: ORIGIN,
    org: ORG,
    inc: INC,
    created_at: '2026-11-23T12:00:00.000001Z',
    tree_size: String(size),
    ...(kind === 'range' ? { range: { first: String(first), end: String(end) }, period } : {}),
    counts: {
      records: lines('records.jsonl'),
      content: lines('content.jsonl'),
      erasures: lines('erasures.jsonl'),
      keys: lines('keys.jsonl'),
      proofs: [...members.keys()].filter((path) => path.startsWith('proofs/')).length,
    },
    members: Object.fromEntries(
      [...members].map(([path, bytes]) => [
        path,
        { sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length },
      ]),
    ),
  }
}

function contentLines({ withheld = [] }: BundleSpec, { records, erasures }: Selection): object[] {
  return records.flatMap(({ seq, content }) =>
    [...content]
      .filter(([field]) => !erasures.some((erasure) => covers(erasure, seq, field)))
      .map(([field, { salt, value }]) =>
        withheld.includes(`${seq}/${field}`)
          ? { seq: String(seq), field, withheld: 'third-party' }
          : { seq: String(seq), field, salt: base64(salt), value },
      ),
  )
}

function isErasureOf(record: TestRecord, records: readonly TestRecord[]): boolean {
  return records.some(({ seq, content }) =>
    [...content.keys()].some((field) => covers(record, seq, field)),
  )
}

function isOwn(record: TestRecord, wanted: ReadonlySet<TestRecord>): boolean {
  return isErasure(record.envelope) && wanted.has(record)
}

function isErasure({ type }: Envelope): boolean {
  return type === 'subject.erased' || type === 'content.expired'
}

function covers({ envelope, seq: by }: TestRecord, seq: bigint, field: CommittedField): boolean {
  if (!isErasure(envelope) || by <= seq) return false
  const { seqs, fields } = envelope.attrs as { seqs: string[]; fields?: string[] }
  return (
    (fields?.includes(field) ?? true) &&
    seqs.some((text) => {
      const [first = '', last = first] = text.split('-')
      return BigInt(first) <= seq && seq <= BigInt(last)
    })
  )
}

function erasureLine({ seq, envelope: { type, attrs } }: TestRecord): object {
  return { seq: String(seq), type, ...attrs }
}

function keyLines({ seq, envelope: { type, kid, attrs } }: TestRecord): object[] {
  const at = String(seq)
  if (type === 'chain.genesis') {
    return [
      { use: 'checkpoint', vkey: attrs['vkey'], seq: at },
      { use: 'mac', kid, seq: at },
    ]
  }
  const { use, vkey, kid: announced } = attrs
  return [use === 'mac' ? { use, kid: announced, seq: at } : { use, vkey, seq: at }]
}

export function jsonLines(lines: readonly object[]): Buffer {
  return Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
}

export function vkeysOf(...signers: readonly NoteSigner[]): string[] {
  return signers.map((signer) => formatVkey(signer))
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
