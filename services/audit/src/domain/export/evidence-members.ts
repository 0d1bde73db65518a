import type { OrganizationLog } from '../checkpoint-store.js'
import type { SealedBytes } from '../ports.js'
import type { Proofs } from '../signing/proofs.js'
import type { Closed } from './content-member.js'
import type { ErasingRecord } from './erasure-ledger.js'
import { keyLines } from './key-lines.js'
import type { MemberWriter, Part } from './member-writer.js'
import { outsideOf, type Plan } from './plan.js'
import type { ExportReader, Piece, ShippedFile } from './ports.js'
import { recordLines } from './record-lines.js'

export interface EvidenceInput extends Closed {
  readonly plan: Plan
  readonly writer: MemberWriter
  readonly erasures: readonly ErasingRecord[]
  readonly keys: readonly SealedBytes[]
  readonly resumeAt: bigint
  readonly signal: AbortSignal
}

export interface EvidenceCounts {
  readonly records: number
  readonly erasures: number
  readonly keys: number
  readonly proofs: number
}

/** Records, and what proves them. Returns how many of each. */
export async function* evidenceMembers(
  { reader, proofs }: { readonly reader: ExportReader; readonly proofs: Proofs },
  input: EvidenceInput,
): AsyncGenerator<Piece, EvidenceCounts> {
  const { plan, writer, erasures, keys, end, checkpoint, resumeAt, signal } = input
  const { log, first } = plan
  const { size } = checkpoint
  const outside = outsideOf({ first, end, size }, keys, erasures)
  let records = 0
  const onLine = () => (records += 1)
  yield* writer.write(
    'records.jsonl',
    recordLines({ reader, log, range: { first, end }, outside, resumeAt, signal, onLine }),
  )
  if (plan.period) {
    yield* writer.write('range.json', [await rangeOf(proofs, log, { first, end, size })])
  }
  for (const sequence of outside) {
    signal.throwIfAborted()
    const { hashes } = await proofs.inclusion(log, sequence, size)
    const proof = { seq: String(sequence), size: String(size), hashes: hashes.map(base64) }
    yield* writer.write(`proofs/${sequence}.json`, [json(proof)])
  }
  const listed = erasures.map(({ sequence, type, attrs }) =>
    json({ seq: String(sequence), type, ...attrs }),
  )
  yield* writer.write('erasures.jsonl', listed)
  const lines = keyLines(keys)
  yield* writer.write(
    'keys.jsonl',
    lines.map((text) => ({ text })),
  )
  return { records, erasures: listed.length, keys: lines.length, proofs: outside.length }
}

async function rangeOf(
  proofs: Proofs,
  log: OrganizationLog,
  { first, end, size }: { readonly first: bigint; readonly end: bigint; readonly size: bigint },
): Promise<Part> {
  const { left, right } = await proofs.range(log, first, end, size)
  const place = { first: String(first), end: String(end), size: String(size) }
  return json({ ...place, left: left.map(base64), right: right.map(base64) })
}

/** The earlier checkpoint that the receiver holds, and that this one continues it. */
export async function* previousMembers(
  writer: MemberWriter,
  note: string,
  hashes: readonly Uint8Array[],
): AsyncGenerator<Piece, void> {
  yield* writer.write('previous.note', [{ text: note }])
  const proof = hashes.map((hash) => ({ text: `${base64(hash)}\n` }))
  yield* writer.write('consistency.proof', proof)
}

/** What goes into every bundle: the specification, the schemas, and the checkpoint. */
export async function* commonMembers(
  writer: MemberWriter,
  shipped: readonly ShippedFile[],
  note: string,
): AsyncGenerator<Piece, void> {
  for (const { path, text } of shipped) yield* writer.write(path, [{ text }])
  yield* writer.write('checkpoint.note', [{ text: note }])
}

function json(value: object): Part {
  return { text: `${JSON.stringify(value)}\n` }
}

function base64(hash: Uint8Array): string {
  return Buffer.from(hash).toString('base64')
}
