/** A stretch of a message that hides other text. */
export interface Encoded {
  readonly kind: 'base64' | 'hex' | 'percent' | 'tags'
  readonly start: number
  readonly end: number
  readonly text: string
}

const BASE64 = /(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{20,}={0,2}/g
const HEX = /(?<![0-9A-Za-z])(?:0x)?[0-9A-Fa-f]{2}(?:[ :]?[0-9A-Fa-f]{2}){11,}(?![0-9A-Za-z])/g
const PERCENT = /(?:%[0-9A-Fa-f]{2}|[A-Za-z0-9._+-]){12,}/g
/** Tag characters repeat ASCII invisibly (Unicode, 23.9); after a black flag they spell a region. */
const TAGS = /(?<![\u{1F3F4}\u{E0020}-\u{E007E}])[\u{E0020}-\u{E007E}]{4,}/gu

const MAX_DECODED = 8_192
const MAX_SEGMENTS = 64
/** Text, not bytes that happen to decode: printable, with letters. */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S}\s]+$/u
const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Segments that decode to readable text. */
export function* findEncoded(text: string): Generator<Encoded, void, undefined> {
  yield* decodeAll('base64', BASE64, text, (run) => decodeBytes(Buffer.from(run, 'base64')))
  yield* decodeAll('hex', HEX, text, (run) =>
    decodeBytes(Buffer.from(run.replace(/^0x|[ :]/g, ''), 'hex')),
  )
  yield* decodeAll('percent', PERCENT, text, decodePercent)
  yield* decodeAll('tags', TAGS, text, decodeTags)
}

function* decodeAll(
  kind: Encoded['kind'],
  pattern: RegExp,
  text: string,
  decode: (run: string) => string | undefined,
): Generator<Encoded, void, undefined> {
  let found = 0
  for (const match of text.matchAll(pattern)) {
    const decoded = decode(match[0].slice(0, MAX_DECODED))
    if (decoded === undefined || !PRINTABLE.test(decoded)) continue
    yield { kind, start: match.index, end: match.index + match[0].length, text: decoded }
    if (++found === MAX_SEGMENTS) return
  }
}

function decodeBytes(bytes: Buffer): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

function decodePercent(run: string): string | undefined {
  if ((run.match(/%/g)?.length ?? 0) < 4) return undefined
  try {
    return decodeURIComponent(run.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}

function decodeTags(run: string): string {
  return Array.from(run, (tag) => String.fromCodePoint((tag.codePointAt(0) ?? 0) - 0xe0000)).join(
    '',
  )
}
