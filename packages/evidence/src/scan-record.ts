import { type Envelope, isSequence } from './envelope.js'
import { isRecordType } from './record-types.js'
import { isTimestamp } from './timestamp.js'

/** What a verifier of the chain needs of an envelope. */
export interface RecordFacts extends Pick<
  Envelope,
  'org' | 'inc' | 'seq' | 'id' | 'type' | 'occurred_at' | 'recorded_at' | 'kid'
> {
  readonly ref?: string | undefined
  /** `attrs.ends_by`, whatever it is. */
  readonly endsBy: unknown
}

/** Printable ASCII without a backslash: in such text a string ends at the next quote. */
const PLAIN = /^[ -[\]-~]+$/

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'
const UUID_V7 = '[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}'
const LABEL = '"[!#-[\\]-~]{1,128}"'
const TIMESTAMP = '[0-9T:.Z-]{27}'
const COMMITMENT = '"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]="'

const COMMITMENTS = ['originals', 'passages', 'prompt', 'rationale', 'response']
  .map((field) => `(?:${field}":${COMMITMENT}(?:,"(?=[a-z])|(?=\\})))?`)
  .join('')

/** Everything before the members of the attributes; optional fields where canonical order has them. */
const BEFORE = new RegExp(
  '\\{"actor":\\{"kind":"(?:user|api_key|operator|service|system)"' +
    `(?:,"pid":${LABEL})?(?:,"role":${LABEL})?` +
    '(?:,"via":"(?:jwt|api_key|oidc|internal)")?\\},"attrs":\\{',
  'y',
)

/** Everything after them; the groups are in the order of `toFacts`. */
const AFTER = new RegExp(
  `(?:,"commitments":\\{"(?=[a-z])${COMMITMENTS}\\})?` +
    `,"id":"(${UUID_V7})","inc":"(${UUID})","kid":"([A-Za-z0-9._-]{1,64})"` +
    `,"occurred_at":"(${TIMESTAMP})","org":"(${UUID})"` +
    `,"recorded_at":"(${TIMESTAMP})"(?:,"ref":"(${UUID_V7})")?` +
    ',"seq":"(\\d{1,19})"(?:,"trace":"[0-9a-f]{32}")?,"type":"([a-z._]+)","v":1\\}$',
  'y',
)

/**
 * Reads the text of a record in one pass without building what it says. Facts mean that `readRecord`
 * accepts the text and finds the same in it; undefined means nothing, and `readRecord` decides: about
 * text with an escape or beyond ASCII, about whatever is rare, and about what is wrong.
 */
export function scanRecord(text: string): RecordFacts | undefined {
  BEFORE.lastIndex = 0
  if (!PLAIN.test(text) || !BEFORE.test(text)) return undefined
  const attrs = { endsBy: undefined }
  const end = scanObject(text, BEFORE.lastIndex - 1, 2, attrs)
  if (end === NO) return undefined
  AFTER.lastIndex = end
  return toFacts(AFTER.exec(text), attrs.endsBy)
}

type Groups = readonly [
  text: string,
  id: string,
  inc: string,
  kid: string,
  occurred: string,
  org: string,
  recorded: string,
  ref: string | undefined,
  seq: string,
  type: string,
]

function toFacts(match: RegExpExecArray | null, endsBy: unknown): RecordFacts | undefined {
  if (!match) return undefined
  const [, id, inc, kid, occurred, org, recorded, ref, seq, type] = match as unknown as Groups
  if (!isRecordType(type) || !isSequence(seq)) return undefined
  if (!isTimestamp(occurred) || !isTimestamp(recorded)) return undefined
  return { org, inc, seq, id, type, occurred_at: occurred, recorded_at: recorded, ref, kid, endsBy }
}

const NO = -1
/** Deeper than any schema goes, and less than the canonical rules allow. */
const MAX_SCAN_DEPTH = 12
/** Every integer of so many digits is exact. */
const MAX_DIGITS = 15

const QUOTE = 34
const COMMA = 44
const MINUS = 45
const ZERO = 48
const NINE = 57
const COLON = 58
const OPEN_LIST = 91
const CLOSE_LIST = 93
const OPEN = 123
const CLOSE = 125

/** Place after the value that begins at `at`, or NO. `depth`: objects and lists it is in. */
function scanValue(text: string, at: number, depth: number): number {
  switch (text.charCodeAt(at)) {
    case QUOTE:
      return text.indexOf('"', at + 1) + 1 || NO
    case OPEN:
      return scanObject(text, at, depth + 1)
    case OPEN_LIST:
      return scanList(text, at, depth + 1)
    case 116: // t
      return text.startsWith('true', at) ? at + 4 : NO
    case 102: // f
      return text.startsWith('false', at) ? at + 5 : NO
    default:
      return scanInteger(text, at)
  }
}

/** No leading zeros, no minus zero; text after the digits is the caller's. */
function scanInteger(text: string, at: number): number {
  const first = text.charCodeAt(at) === MINUS ? at + 1 : at
  let end = first
  while (isDigit(text.charCodeAt(end))) end += 1
  if (end === first || end - first > MAX_DIGITS) return NO
  if (text.charCodeAt(first) === ZERO && (first > at || end > first + 1)) return NO
  return end
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE
}

function scanList(text: string, open: number, depth: number): number {
  if (depth > MAX_SCAN_DEPTH) return NO
  if (text.charCodeAt(open + 1) === CLOSE_LIST) return open + 2
  let at = open
  do {
    at = scanValue(text, at + 1, depth)
    if (at === NO) return NO
  } while (text.charCodeAt(at) === COMMA)
  return text.charCodeAt(at) === CLOSE_LIST ? at + 1 : NO
}

/** Keys ascend: none is there twice. `found` gets the member that the chain is interested in. */
function scanObject(
  text: string,
  open: number,
  depth: number,
  found?: { endsBy: unknown },
): number {
  if (depth > MAX_SCAN_DEPTH) return NO
  if (text.charCodeAt(open + 1) === CLOSE) return open + 2
  let at = open
  let previous = ''
  do {
    const key = scanKey(text, at + 1)
    if (key === undefined || key <= previous) return NO
    const from = at + key.length + 4
    at = scanValue(text, from, depth)
    if (at === NO) return NO
    if (found && key === 'ends_by') found.endsBy = textOf(text, from, at)
    previous = key
  } while (text.charCodeAt(at) === COMMA)
  return text.charCodeAt(at) === CLOSE ? at + 1 : NO
}

/** The key of the member that begins at `at`; undefined unless a colon follows it. */
function scanKey(text: string, at: number): string | undefined {
  if (text.charCodeAt(at) !== QUOTE) return undefined
  const end = text.indexOf('"', at + 1)
  if (end === NO || text.charCodeAt(end + 1) !== COLON) return undefined
  const key = text.slice(at + 1, end)
  return key === '__proto__' ? undefined : key
}

/** The text in a string; undefined for every other value, which is no time anyway. */
function textOf(text: string, from: number, to: number): string | undefined {
  return text.charCodeAt(from) === QUOTE ? text.slice(from + 1, to - 1) : undefined
}
