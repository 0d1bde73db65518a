import {
  assertInteger,
  assertKey,
  assertText,
  canonicalText,
  type JsonObject,
  type JsonValue,
  MAX_DEPTH,
} from './canonical.js'
import { EvidenceError } from './failure.js'

/* eslint-disable no-control-regex -- control characters are what JSON strings may not hold */
const STRING = /"[^"\\\0-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\0-\x1f]*)*"/y
/* eslint-enable no-control-regex */
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const SPACE = /[ \t\n\r]*/y

/** A number with an exponent; inside a string this may match as well. */
const EXPONENT = /[:[,]\s*-?\d[\d.]*[eE]/

/** The value of JSON text by the rules of `readStrictJson`, and its canonical text. */
export function canonicalizeJson(text: string): {
  readonly value: JsonValue
  readonly canonical: string
} {
  const quick = EXPONENT.test(text) ? undefined : readCompactJson(text)
  if (quick) return quick
  const value = readStrictJson(text)
  return { value, canonical: canonicalText(value) }
}

/**
 * Reads natively what is written compactly, as JSON.stringify does, in any order. Without exponents,
 * canonical form is never longer than its source, and shorter for every blank, odd escape, `.0` and
 * duplicate key: equal lengths mean that there was none. Undefined when there is something to look
 * into.
 */
function readCompactJson(
  text: string,
): { readonly value: JsonValue; readonly canonical: string } | undefined {
  try {
    const value = JSON.parse(text) as JsonValue
    const canonical = canonicalText(value)
    return canonical.length === text.length ? { value, canonical } : undefined
  } catch {
    return undefined
  }
}

/**
 * Reads JSON text that somebody else wrote (RFC 8259), any layout. Stricter than JSON.parse by the
 * canonical rules of SPEC.md, section 2; in particular it sees duplicate keys and how a number is
 * written: `1.0` and `1e0` are refused, not read as 1.
 * Throws EvidenceError: `canonical_malformed` when it is not JSON, else `canonical_form`.
 */
export function readStrictJson(text: string): JsonValue {
  const reader = new Reader(text)
  const value = reader.value(0)
  reader.end()
  return value
}

class Reader {
  #at = 0

  constructor(private readonly text: string) {}

  value(depth: number): JsonValue {
    this.#space()
    switch (this.text[this.#at]) {
      case '{':
        return this.#object(deeper(depth))
      case '[':
        return this.#array(deeper(depth))
      case '"':
        return this.#string()
      case 't':
        return this.#word('true', true)
      case 'f':
        return this.#word('false', false)
      case 'n':
        this.#word('null', true)
        throw new EvidenceError('canonical_form', 'null is not allowed')
      default:
        return this.#number()
    }
  }

  end(): void {
    this.#space()
    if (this.#at < this.text.length) throw malformed('has text after its end')
  }

  #object(depth: number): JsonObject {
    const members: [string, JsonValue][] = []
    const seen = new Set<string>()
    this.#at += 1
    if (this.#takes('}')) return {}
    do {
      const key = this.#key(seen)
      try {
        members.push([key, this.value(depth)])
      } catch (error) {
        throw error instanceof EvidenceError ? error.under(key) : error
      }
    } while (this.#takes(','))
    this.#expect('}')
    return Object.fromEntries(members)
  }

  #key(seen: Set<string>): string {
    this.#space()
    const key = this.#string()
    assertKey(key)
    if (seen.has(key)) throw new EvidenceError('canonical_form', 'is there twice').under(key)
    seen.add(key)
    this.#expect(':')
    return key
  }

  #array(depth: number): JsonValue[] {
    const items: JsonValue[] = []
    this.#at += 1
    if (this.#takes(']')) return items
    do {
      try {
        items.push(this.value(depth))
      } catch (error) {
        throw error instanceof EvidenceError ? error.under(items.length) : error
      }
    } while (this.#takes(','))
    this.#expect(']')
    return items
  }

  #string(): string {
    const raw = this.#match(STRING)
    if (raw === undefined) throw malformed('is not a valid string')
    const value = raw.includes('\\') ? (JSON.parse(raw) as string) : raw.slice(1, -1)
    assertText(value)
    return value
  }

  #number(): number {
    const raw = this.#match(NUMBER)
    if (raw === undefined) throw malformed('is not valid JSON')
    if (/[.eE]/.test(raw)) throw new EvidenceError('canonical_form', 'is not a plain integer')
    const value = Number(raw)
    assertInteger(value)
    return value
  }

  #word<T>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.#at)) throw malformed('is not valid JSON')
    this.#at += word.length
    return value
  }

  #takes(character: string): boolean {
    this.#space()
    if (this.text[this.#at] !== character) return false
    this.#at += 1
    return true
  }

  #expect(character: string): void {
    if (!this.#takes(character)) throw malformed(`lacks a ${character}`)
  }

  #space(): void {
    this.#match(SPACE)
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.text)?.[0]
    this.#at += found?.length ?? 0
    return found
  }
}

function deeper(depth: number): number {
  if (depth === MAX_DEPTH) {
    throw new EvidenceError('canonical_form', `is nested deeper than ${MAX_DEPTH}`)
  }
  return depth + 1
}

function malformed(detail: string): EvidenceError {
  return new EvidenceError('canonical_malformed', detail)
}
