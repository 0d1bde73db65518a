import swagger, { type SwaggerTransform } from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifySchema } from 'fastify'
import { createJsonSchemaTransform } from 'fastify-type-provider-zod'
import type { App } from '../app.js'
import { openToEveryone } from './access.js'

const DESCRIPTION =
  'Chat over your own documents, with every exchange checked and recorded. Failures are problem ' +
  'documents (RFC 9457) under /api/v1 and OpenAI error objects under /v1.'

const COMPONENTS = {
  securitySchemes: {
    bearer: {
      type: 'http',
      scheme: 'bearer',
      description: 'An access token of /api/v1/auth/login, or an API key',
    },
  },
} as const

const PROBLEM = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'reason', 'request_id'],
  properties: {
    type: { type: 'string', example: '/problems/invalid-input' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    reason: { type: 'string', example: 'INVALID_INPUT' },
    request_id: { type: 'string', format: 'uuid' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        properties: { pointer: { type: 'string' }, detail: { type: 'string' } },
      },
    },
  },
} as const

const OPENAI_ERROR = {
  type: 'object',
  properties: {
    error: {
      type: 'object',
      properties: {
        message: { type: 'string' },
        type: { type: 'string' },
        param: { type: ['string', 'null'] },
        code: { type: ['string', 'null'] },
      },
    },
  },
} as const

const FILE_FORM = {
  type: 'object',
  required: ['file'],
  properties: { file: { type: 'string', format: 'binary' } },
} as const

/** Media types of answers that are no JSON. */
const PRODUCED: Readonly<Record<string, string>> = {
  'text/event-stream': 'Server-sent events; the summary names them',
  'text/plain': 'A C2SP signed note',
  'text/html': 'A page, as an attachment',
  'application/zip': 'A zip, as an attachment',
}

/** No inline script, nothing from elsewhere, in nobody's frame; also over plain HTTP on localhost. */
const DOCS_POLICY =
  "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
  "base-uri 'self'; object-src 'none'; frame-ancestors 'none'"

const fromZod = createJsonSchemaTransform({ skipList: [] })

/** What the schemas cannot know: who may call, how failures look, and that a form carries a file. */
const describeRoute: SwaggerTransform = (input) => {
  const { schema, url } = fromZod(input)
  const { access } = input.route.config ?? {}
  const produced = schema.produces?.find((mediaType) => mediaType in PRODUCED)
  const isForm = schema.consumes?.includes('multipart/form-data') ?? false
  const failure = url.startsWith('/v1/')
    ? { 'application/json': { schema: OPENAI_ERROR } }
    : { 'application/problem+json': { schema: PROBLEM } }
  const documented = {
    ...schema,
    ...(access === 'public' ? {} : { security: [{ bearer: [] }] }),
    ...(isForm ? { body: FILE_FORM } : {}),
    response: {
      ...(produced ? { 200: contentOf(produced) } : {}),
      ...(schema.response as object | undefined),
      default: { description: 'What went wrong, and what to change', content: failure },
    },
  }
  return url.endsWith('/*') ? nameWildcard(documented, url) : { schema: documented, url }
}

function contentOf(mediaType: string) {
  const isText = mediaType.startsWith('text/')
  const schema = isText ? { type: 'string' } : { type: 'string', format: 'binary' }
  return { description: PRODUCED[mediaType], content: { [mediaType]: { schema } } }
}

/** OpenAPI has no wildcard: an id that may contain slashes is shown as a parameter. */
function nameWildcard(schema: FastifySchema, url: string) {
  const params = { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] }
  return { schema: { ...schema, params }, url: url.replace('*', ':id') }
}

/** `/openapi.json` is made from the schemas that check the input; `/docs` shows it. */
export async function registerOpenApi(app: App): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Lex Custis', version: '1.0.0', description: DESCRIPTION },
      components: COMPONENTS,
    },
    transform: describeRoute,
  })
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: DOCS_POLICY })
  app.get(
    '/openapi.json',
    { ...openToEveryone(), schema: { hide: true } },
    async (_request, reply) =>
      reply.type('application/json').serializer(JSON.stringify).send(app.swagger()),
  )
}
