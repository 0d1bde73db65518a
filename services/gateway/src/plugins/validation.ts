import type { FastifySchemaCompiler } from 'fastify'
import { AppError, type FieldError } from '@lexcustis/core'
import type { z } from 'zod'
import { escapePointer } from '../strict-json.js'

const MAX_ERRORS = 20

/** Checks input against a zod schema; what does not fit is INVALID_INPUT naming every field. */
export const validatorCompiler: FastifySchemaCompiler<z.ZodType> =
  ({ schema, httpPart }) =>
  (input: unknown) => {
    const parsed = schema.safeParse(input)
    if (parsed.success) return { value: parsed.data }
    const errors = parsed.error.issues.flatMap(toFieldErrors).slice(0, MAX_ERRORS)
    const what = httpPart === 'querystring' ? 'query' : (httpPart ?? 'input')
    return { error: new AppError('INVALID_INPUT', summary(what, input, errors), { errors }) }
  }

function summary(what: string, input: unknown, errors: readonly FieldError[]): string {
  if (what === 'body' && (input === null || input === undefined)) return 'a JSON body is required'
  const [first] = errors
  return first ? `${what}${first.pointer}: ${first.detail}` : `the ${what} does not fit`
}

function toFieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  const pointer = issue.path.map((part) => `/${escapePointer(String(part))}`).join('')
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      pointer: `${pointer}/${escapePointer(key)}`,
      detail: 'unknown field',
    }))
  }
  return [{ pointer, detail: issue.message }]
}
