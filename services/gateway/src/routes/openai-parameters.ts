import { AppError } from '@lexcustis/core'
import { escapePointer } from '../strict-json.js'
import { OpenAiBody } from './openai-schema.js'

type IsHarmless = (value: unknown) => boolean

const always: IsHarmless = () => true
const never: IsHarmless = () => false
const only =
  (...values: readonly unknown[]): IsHarmless =>
  (value) =>
    values.includes(value)
const emptyArray: IsHarmless = (value) => Array.isArray(value) && value.length === 0
const emptyObject: IsHarmless = (value) =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0
const textOnly: IsHarmless = (value) =>
  Array.isArray(value) && value.length === 1 && value[0] === 'text'

/**
 * Parameters of OpenAI's API that this gateway does not carry out, and the values that ask for
 * nothing. A value that would change the answer is refused by name: an application must not believe
 * that it was heard. Bookkeeping for OpenAI's own platform changes no answer and is accepted.
 */
const UNSUPPORTED: Readonly<Record<string, IsHarmless>> = {
  audio: never,
  function_call: only('none', 'auto'),
  functions: emptyArray,
  logit_bias: emptyObject,
  logprobs: only(false),
  modalities: textOnly,
  n: only(1),
  prediction: never,
  reasoning_effort: never,
  top_logprobs: only(0),
  verbosity: never,
  web_search_options: never,
  // Bookkeeping.
  metadata: always,
  prompt_cache_key: always,
  prompt_cache_retention: always,
  safety_identifier: always,
  service_tier: always,
  store: always,
  user: always,
}

const SUPPORTED: ReadonlySet<string> = new Set(Object.keys(OpenAiBody.shape))

/** Throws INVALID_INPUT naming the first parameter that would be ignored. */
export function assertParameters(body: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(body)) {
    if (SUPPORTED.has(name) || value === null) continue
    const isHarmless = Object.hasOwn(UNSUPPORTED, name) ? UNSUPPORTED[name] : undefined
    if (isHarmless?.(value)) continue
    const detail = isHarmless
      ? `${name} is not supported by this gateway with this value; leave it out`
      : `unknown parameter: ${name}`
    throw notTaken(`/${escapePointer(name)}`, detail)
  }
}

export function notTaken(pointer: string, detail: string): AppError {
  return new AppError('INVALID_INPUT', detail, { errors: [{ pointer, detail }] })
}
