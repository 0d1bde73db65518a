import { readFileSync } from 'node:fs'
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import { ATTRS_SCHEMA_FOLDER, isTimestamp, RECORD_TYPES } from '@lexcustis/evidence'
import type { AttrsSchemas } from '../domain/ports.js'

/**
 * The schemas that the evidence package ships. They are read at once, and each is compiled when it is
 * first needed: thirty at once would hold up the start of a replica by a tenth of a second.
 */
export function createAttrsSchemas(): AttrsSchemas {
  const ajv = new Ajv2020({ formats: { 'date-time': isTimestamp } })
  const schemas = new Map<string, object>(
    RECORD_TYPES.map((type) => {
      const text = readFileSync(new URL(`${type}.json`, ATTRS_SCHEMA_FOLDER), 'utf8')
      return [type, JSON.parse(text) as object]
    }),
  )
  const compiled = new Map<string, ValidateFunction>()
  const validatorOf = (type: string): ValidateFunction | undefined => {
    const schema = schemas.get(type)
    const validate = compiled.get(type) ?? (schema && ajv.compile(schema))
    if (validate) compiled.set(type, validate)
    return validate
  }
  return {
    check: (type, attrs) => {
      const validate = validatorOf(type)
      if (!validate) return 'has no schema'
      if (validate(attrs)) return undefined
      const [error] = validate.errors ?? []
      return error ? describe(error) : 'does not satisfy its schema'
    },
  }
}

const NAME = /^[\w.-]{1,64}$/

/** Ajv's messages name rules and never the value; the name of a field only when it looks like one. */
function describe({ instancePath, message, params }: ErrorObject): string {
  const extra: unknown = params['additionalProperty']
  const name = typeof extra === 'string' && NAME.test(extra) ? ` (${extra})` : ''
  return `${message ?? 'is not valid'}${name} at ${instancePath === '' ? 'its top' : instancePath}`
}
