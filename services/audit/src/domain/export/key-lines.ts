import { envelopeOf } from '../same-record.js'
import type { StoredBytes } from '../signing/ports.js'

type KeyLine =
  | { readonly use: 'checkpoint'; readonly vkey: string; readonly seq: string }
  | { readonly use: 'mac'; readonly kid: string; readonly seq: string }

/** Lines of keys.jsonl: what a genesis and each key.announced say of keys (SPEC.md, section 8). */
export function keyLines(records: readonly StoredBytes[]): string[] {
  return records.flatMap(announced).map((line) => `${JSON.stringify(line)}\n`)
}

function announced(record: StoredBytes): KeyLine[] {
  const envelope = envelopeOf(record)
  if (!envelope) return []
  const seq = String(record.sequence)
  const { vkey, kid } = envelope.attrs
  // A genesis announces the key that seals it by having it.
  const macs = envelope.type === 'chain.genesis' ? envelope.kid : kid
  return [
    ...(typeof vkey === 'string' ? [{ use: 'checkpoint' as const, vkey, seq }] : []),
    ...(typeof macs === 'string' ? [{ use: 'mac' as const, kid: macs, seq }] : []),
  ]
}
