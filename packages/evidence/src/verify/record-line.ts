import { decodeLatin1, fromBase64 } from '#platform'
import { isSequence } from '../envelope.js'
import { readLine } from './json-lines.js'
import { hasKeys, isText } from './json-object.js'

/** A line of records.jsonl: where the record is, and its bytes when they can be read. */
export interface RecordLine {
  readonly seq: bigint
  readonly canonical: Uint8Array | undefined
}

/** What an exporter writes. Anything else may still be the same said differently. */
const USUAL =
  /^\{"seq":"(0|[1-9]\d{0,18})","canonical":"([A-Za-z0-9+/]+={0,2})","mac":"([A-Za-z0-9+/]{43}=)"\}$/

const MAC_BYTES = 32

/** Undefined when not even the sequence can be read. */
export function readRecordLine(line: Uint8Array): RecordLine | undefined {
  const [, seq, canonical, mac] = USUAL.exec(decodeLatin1(line)) ?? readUnusual(line) ?? []
  if (seq === undefined || !isSequence(seq)) return undefined
  const bytes = canonical ? fromBase64(canonical) : undefined
  return { seq: BigInt(seq), canonical: isMac(mac) ? bytes : undefined }
}

function isMac(text: string | undefined): boolean {
  return text !== undefined && fromBase64(text)?.length === MAC_BYTES
}

function readUnusual(line: Uint8Array): (string | undefined)[] | undefined {
  const value = readLine(line)
  if (!value || !hasKeys(value, ['seq', 'canonical', 'mac'])) return undefined
  return ['', value['seq'], value['canonical'], value['mac']].map((text) =>
    isText(text) ? text : undefined,
  )
}
