import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Ajv, type ValidateFunction } from 'ajv'

const FILE = fileURLToPath(
  new URL('../../../../../shared/qdrant/openapi-1.19.json', import.meta.url),
)

/** Says what is wrong with a request and its answer; undefined when nothing is. */
export type CheckExchange = (
  template: string,
  method: string,
  request: unknown,
  status: number,
  answer: unknown,
) => string | undefined

/** Qdrant's own description of its API is not part of this repository. */
export const hasOpenApi = existsSync(FILE)

/** Checks bodies against Qdrant's OpenAPI document; undefined where it is not there. */
export function openApiCheck(): CheckExchange | undefined {
  if (!hasOpenApi) return undefined
  const document = asJsonSchema(JSON.parse(readFileSync(FILE, 'utf8'))) as object
  const ajv = new Ajv({ strict: false, validateFormats: false, logger: false })
  ajv.addSchema(document, 'qdrant')
  const compiled = new Map<string, ValidateFunction>()
  const problem = (pointer: string, body: unknown): string | undefined => {
    const validate = compiled.get(pointer) ?? ajv.compile({ $ref: `qdrant#${pointer}` })
    compiled.set(pointer, validate)
    return validate(body) ? undefined : `${pointer}: ${ajv.errorsText(validate.errors)}`
  }
  return (template, method, request, status, answer) => {
    const operation = `/paths/${escape(template)}/${method.toLowerCase()}`
    const body = 'content/application~1json/schema'
    const kind = status === 200 ? '200' : status < 500 ? '4XX' : 'default'
    return (
      (request === undefined ? undefined : problem(`${operation}/requestBody/${body}`, request)) ??
      problem(`${operation}/responses/${kind}/${body}`, answer)
    )
  }
}

function escape(part: string): string {
  return encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))
}

/** OpenAPI 3.0 says `nullable` where JSON Schema has a type. */
function asJsonSchema(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(asJsonSchema)
  if (typeof node !== 'object' || node === null) return node
  const { nullable, ...rest } = node as Record<string, unknown>
  const entries = Object.entries(rest).map(([key, value]) => [key, asJsonSchema(value)] as const)
  const schema = Object.fromEntries(entries)
  if (nullable !== true) return schema
  if ('type' in schema || '$ref' in schema || 'anyOf' in schema) {
    return { anyOf: [schema, { type: 'null' }] }
  }
  return { type: 'null' }
}
