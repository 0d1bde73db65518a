import { decodeUtf8 } from '#platform'
import { assertCanonicalSize, canonicalText } from './canonical.js'
import { type Envelope, readEnvelope } from './envelope.js'
import { EvidenceError } from './failure.js'
import { type RecordFacts, scanRecord } from './scan-record.js'

/**
 * The envelope of stored bytes. Reading natively, writing canonically and comparing the texts finds
 * every deviation at once: order, layout, escapes, number forms, and a duplicate key, which does not
 * survive the reading. Text that a scan has found to be right is not compared again.
 * Throws EvidenceError `canonical_too_large`, `canonical_malformed`, `canonical_form` or
 * `envelope_schema`.
 */
export function readRecord(canonical: Uint8Array): Envelope {
  const text = decode(canonical)
  return scanRecord(text) ? (parse(text) as Envelope) : readText(text)
}

/** Of a record what a chain needs, found without reading all of it; throws as `readRecord` does. */
export function readRecordFacts(canonical: Uint8Array): RecordFacts {
  const text = decode(canonical)
  const facts = scanRecord(text)
  if (facts) return facts
  const { attrs, ...envelope } = readText(text)
  return { ...envelope, endsBy: attrs['ends_by'] }
}

function decode(canonical: Uint8Array): string {
  assertCanonicalSize(canonical.length)
  const text = decodeUtf8(canonical)
  if (text === undefined) throw new EvidenceError('canonical_malformed', 'is not UTF-8')
  return text
}

function readText(text: string): Envelope {
  const value = parse(text)
  if (canonicalText(value) !== text) {
    throw new EvidenceError('canonical_form', 'is not the canonical form of what it says')
  }
  return readEnvelope(value)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    // JSON.parse quotes the text in its message.
    throw new EvidenceError('canonical_malformed', 'is not JSON')
  }
}
