import { readFileSync } from 'node:fs'
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import { ATTRS_SCHEMA_FOLDER, isTimestamp, RECORD_TYPES } from '@lexcustis/evidence'
import type { AttrsSchemas } from '../domain/ports.js'

/** Compiles the schemas that the evidence package ships, once. */
export function createAttrsSchemas(): AttrsSchemas {
  const ajv = new Ajv2020({ formats: { 'date-time': isTimestamp } })
  const validators = new Map<string, ValidateFunction>(
    RECORD_TYPES.map((type) => {
      const text = readFileSync(new URL(`${type}.json`, ATTRS_SCHEMA_FOLDER), 'utf8')
      return [type, ajv.compile(JSON.parse(text) as object)]
    }),
  )
  return {
    check: (type, attrs) => {
      const validate = validators.get(type)
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
