import { isSequence } from '../envelope.js'

/**
 * Reads a JSON object of an export. Undefined unless it is one, well-formed, and has no key twice at
 * any depth: readers differ in which of the two they take.
 */
export function readJsonObject(text: string): Record<string, unknown> | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!isObject(value)) return undefined
  // Text that is written again as it was has no key twice; nearly all there is.
  return JSON.stringify(value) === text || hasUniqueKeys(text) ? value : undefined
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether an object has all of these keys, perhaps some of those, and no other. */
export function hasKeys(
  object: Record<string, unknown>,
  required: readonly string[],
  optional: readonly string[] = [],
): boolean {
  const keys = Object.keys(object)
  return (
    required.every((key) => Object.hasOwn(object, key)) &&
    keys.every((key) => required.includes(key) || optional.includes(key))
  )
}

/** A decimal sequence or size; undefined when it is none. */
export function readSequence(value: unknown): bigint | undefined {
  return isText(value) && isSequence(value) ? BigInt(value) : undefined
}

/** An integer from 0 on that a number holds exactly. */
export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

export function isText(value: unknown): value is string {
  return typeof value === 'string'
}

export function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(isText)
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]]/g
const COLON = /[ \t\n\r]*:/y

/** For text that is valid JSON. */
function hasUniqueKeys(text: string): boolean {
  const open: (Set<string> | undefined)[] = []
  for (const match of text.matchAll(TOKEN)) {
    const [token] = match
    if (token === '{') open.push(new Set())
    else if (token === '[') open.push(undefined)
    else if (token === '}' || token === ']') open.pop()
    else if (isBeforeColon(text, match.index + token.length)) {
      const keys = open.at(-1)
      const key = JSON.parse(token) as string
      if (!keys || keys.has(key)) return false
      keys.add(key)
    }
  }
  return true
}

function isBeforeColon(text: string, at: number): boolean {
  COLON.lastIndex = at
  return COLON.test(text)
}
