import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import { createJsonSchemaTransform } from 'fastify-type-provider-zod'
import type { App } from '../app.js'
import { openToEveryone } from './access.js'

/** `/openapi.json` is made from the schemas that check the input; `/docs` shows it. */
export async function registerOpenApi(app: App): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Lex Custis',
        version: '1.0.0',
        description:
          'Chat over your own documents with every exchange checked and recorded. Errors are RFC 9457 ' +
          'problem documents under /api/v1 and OpenAI error objects under /v1.',
      },
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'An access token or an API key' },
        },
      },
    },
    transform: createJsonSchemaTransform({ skipList: ['/docs', '/docs/*', '/openapi.json'] }),
  })
  await app.register(swaggerUi, { routePrefix: '/docs' })
  app.get(
    '/openapi.json',
    { ...openToEveryone(), schema: { hide: true } },
    async (_request, reply) =>
      reply.type('application/json').serializer(JSON.stringify).send(app.swagger()),
  )
}
