import { createScanner, parse, type ParseError } from 'jsonc-parser'
import { AppError, type FieldError, isWellFormedText } from '@lexcustis/core'

export const MAX_JSON_DEPTH = 32

// jsonc-parser exports these as const enums, which isolated modules cannot read.
const OPEN_BRACE = 1
const CLOSE_BRACE = 2
const OPEN_BRACKET = 3
const CLOSE_BRACKET = 4
const COMMA = 5
const COLON = 6
const STRING = 10
const EOF = 17

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * JSON (RFC 8259) without the parts on which two readers may disagree (RFC 7493): UTF-8 only, no
 * duplicate keys, no `__proto__`, no U+0000, no unpaired surrogates, at most 32 levels.
 * Throws INVALID_INPUT naming the place.
 */
export function parseJsonStrictly(bytes: Uint8Array): unknown {
  const text = decode(bytes)
  checkStructure(text)
  const value = parseJson(text)
  // Decoded UTF-8 has no surrogates and JSON no raw U+0000: only an escape can bring one in.
  if (text.includes('\\u')) checkText(value, '')
  return value
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch (cause) {
    throw invalid('', 'the body is not valid UTF-8', cause)
  }
}

function invalid(pointer: string, detail: string, cause?: unknown): AppError {
  const errors: FieldError[] = [{ pointer, detail }]
  return new AppError('INVALID_INPUT', detail, {
    errors,
    ...(cause === undefined ? {} : { cause }),
  })
}

/** An object or array that is open at the moment, and where in it the scanner is. */
interface Level {
  readonly keys: Set<string> | undefined
  key: string
  index: number
  expectsKey: boolean
}

/** One pass over the tokens for what JSON.parse lets through. */
function checkStructure(text: string): void {
  const scanner = createScanner(text, true)
  const levels: Level[] = []
  for (let token = scanner.scan() as number; token !== EOF; token = scanner.scan()) {
    if (token === OPEN_BRACE || token === OPEN_BRACKET) open(levels, token === OPEN_BRACE)
    else if (token === CLOSE_BRACE || token === CLOSE_BRACKET) levels.pop()
    else step(levels, token, scanner)
  }
}

function open(levels: Level[], isObject: boolean): void {
  if (levels.length === MAX_JSON_DEPTH) {
    throw invalid(
      pointerTo(levels.slice(0, 3)),
      `the body is nested deeper than ${MAX_JSON_DEPTH} levels`,
    )
  }
  levels.push({ keys: isObject ? new Set() : undefined, key: '', index: 0, expectsKey: isObject })
}

function step(levels: Level[], token: number, scanner: { getTokenValue(): string }): void {
  const level = levels.at(-1)
  if (!level) return
  if (token === COMMA) {
    level.index += 1
    level.expectsKey = level.keys !== undefined
  } else if (token === COLON) {
    level.expectsKey = false
  } else if (token === STRING && level.expectsKey && level.keys) {
    level.key = scanner.getTokenValue()
    checkKey(level.keys, level.key, levels)
  }
}

function checkKey(keys: Set<string>, key: string, levels: readonly Level[]): void {
  if (key === '__proto__') throw invalid(pointerTo(levels), 'the key __proto__ is not allowed')
  if (keys.has(key)) throw invalid(pointerTo(levels), 'the key appears twice')
  keys.add(key)
}

function pointerTo(levels: readonly Level[]): string {
  return levels.map(({ keys, key, index }) => `/${keys ? escapePointer(key) : index}`).join('')
}

/** RFC 6901, section 3; a key that is no text itself is shown repaired. */
export function escapePointer(part: string): string {
  return Buffer.from(part)
    .toString()
    .replaceAll('~', '~0')
    .replaceAll('/', '~1')
    .replaceAll('\0', '\uFFFD')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    // The parser's own message quotes the body; ours says where.
    throw invalid('', `the body is not valid JSON${placeOfError(text)}`)
  }
}

function placeOfError(text: string): string {
  const errors: ParseError[] = []
  parse(text, errors, { disallowComments: true, allowTrailingComma: false })
  const [first] = errors
  if (!first) return ''
  const before = text.slice(0, first.offset).split('\n')
  return ` (line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1})`
}

const NOT_TEXT = 'the text contains U+0000 or half of a surrogate pair'

function checkText(value: unknown, pointer: string): void {
  if (typeof value === 'string') {
    if (!isWellFormedText(value)) throw invalid(pointer, NOT_TEXT)
  } else if (Array.isArray(value)) {
    value.forEach((item, index) => checkText(item, `${pointer}/${index}`))
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      const place = `${pointer}/${escapePointer(key)}`
      if (!isWellFormedText(key)) throw invalid(place, NOT_TEXT)
      checkText(item, place)
    }
  }
}
