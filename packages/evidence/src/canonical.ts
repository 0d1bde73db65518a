import { EvidenceError } from './failure.js'

/** Plain JSON as the log holds it: no null, and integers only. */
export type JsonValue = string | number | boolean | readonly JsonValue[] | JsonObject
export interface JsonObject {
  readonly [key: string]: JsonValue
}

export const MAX_DEPTH = 16
export const MAX_CANONICAL_BYTES = 65_535

const PLAIN = /^[ !#-[\]-~]*$/
const SUSPECT = /[\0\ud800-\udfff]/
const KEY = /^[ -~]+$/

const fail = (detail: string): never => {
  throw new EvidenceError('canonical_form', detail)
}

/**
 * RFC 8785 (JCS) bytes of a value, at most 65 535. Throws EvidenceError where the rules of SPEC.md,
 * section 2, allow less than JSON does: `canonical_form`, or `canonical_too_large`.
 */
export function canonicalize(value: unknown): Buffer {
  const bytes = Buffer.from(canonicalText(value))
  assertCanonicalSize(bytes.length)
  return bytes
}

export function assertCanonicalSize(sizeBytes: number): void {
  if (sizeBytes > MAX_CANONICAL_BYTES) {
    throw new EvidenceError('canonical_too_large', `is larger than ${MAX_CANONICAL_BYTES} bytes`)
  }
}

/** As `canonicalize`, but as text and of any size. */
export function canonicalText(value: unknown): string {
  return write(value, 0)
}

function write(value: unknown, depth: number): string {
  switch (typeof value) {
    case 'string':
      return writeString(value)
    case 'number':
      assertInteger(value)
      return String(value)
    case 'boolean':
      return String(value)
    case 'object':
      if (value === null) return fail('null is not allowed')
      if (depth === MAX_DEPTH) return fail(`is nested deeper than ${MAX_DEPTH}`)
      return Array.isArray(value) ? writeArray(value, depth + 1) : writeObject(value, depth + 1)
    default:
      return fail(`${typeof value} is not JSON`)
  }
}

/** JSON.stringify escapes as JCS asks (RFC 8785, section 3.2.2.2), for well-formed strings. */
function writeString(value: string): string {
  if (PLAIN.test(value)) return `"${value}"`
  assertText(value)
  return JSON.stringify(value)
}

function writeArray(items: readonly unknown[], depth: number): string {
  let text = '['
  let index = 0
  try {
    // Not map: it would skip the holes of a sparse array.
    for (; index < items.length; index += 1) {
      text += (index === 0 ? '' : ',') + write(items[index], depth)
    }
  } catch (error) {
    throw error instanceof EvidenceError ? error.under(index) : error
  }
  return `${text}]`
}

function writeObject(object: object, depth: number): string {
  const prototype: unknown = Object.getPrototypeOf(object)
  if (prototype !== Object.prototype && prototype !== null) return fail('is not a plain object')
  const members = object as Record<string, unknown>
  let text = '{'
  for (const key of sortedKeys(members)) {
    try {
      text += (text.length === 1 ? '' : ',') + writeKey(key) + write(members[key], depth)
    } catch (error) {
      throw error instanceof EvidenceError ? error.under(key) : error
    }
  }
  return `${text}}`
}

/** Keys are ASCII, so the default order of sort() is the order of their code units. */
function sortedKeys(object: object): readonly string[] {
  const keys = Object.keys(object)
  // What was read from canonical bytes is in order already; a verifier reads little else.
  for (let index = 1; index < keys.length; index += 1) {
    if ((keys[index - 1] as string) > (keys[index] as string)) return sortOnce(keys)
  }
  return keys
}

const MAX_KNOWN_ORDERS = 256
const knownOrders = new Map<
  string,
  { readonly given: readonly string[]; sorted: readonly string[] }
>()

/** Writers give the same few objects in the same order; comparing is a tenth of sorting. */
function sortOnce(given: readonly string[]): readonly string[] {
  const name = `${given.length} ${given[0]} ${given.at(-1)}`
  const known = knownOrders.get(name)
  if (known && given.every((key, index) => key === known.given[index])) return known.sorted
  const sorted = [...given].sort()
  if (knownOrders.size < MAX_KNOWN_ORDERS) knownOrders.set(name, { given, sorted })
  return sorted
}

const MAX_KNOWN_KEYS = 1_024
const knownKeys = new Map<string, string>()

/** `"key":`. Nearly every key is one of the schemas', so each is checked and quoted once. */
function writeKey(key: string): string {
  const known = knownKeys.get(key)
  if (known !== undefined) return known
  assertKey(key)
  const written = `${writeString(key)}:`
  if (knownKeys.size < MAX_KNOWN_KEYS) knownKeys.set(key, written)
  return written
}

export function assertKey(key: string): void {
  if (!KEY.test(key)) fail('a key is not printable ASCII')
  if (key === '__proto__') fail('the key __proto__ is not allowed')
}

export function assertText(value: string): void {
  if (!SUSPECT.test(value)) return
  if (value.includes('\0')) fail('contains U+0000')
  if (/\p{Surrogate}/u.test(value)) fail('contains half of a surrogate pair')
}

export function assertInteger(value: number): void {
  if (!Number.isInteger(value)) fail('is not an integer')
  if (!Number.isSafeInteger(value)) fail('is an integer beyond 2^53-1; write it as a string')
  if (Object.is(value, -0)) fail('is minus zero')
}
