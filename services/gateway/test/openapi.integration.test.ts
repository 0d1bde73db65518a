import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { World } from './world.js'

interface Operation {
  readonly summary?: string
  readonly security?: unknown
  readonly responses: Readonly<Record<string, { readonly content?: object }>>
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: object }>> }
}

let world: World
let paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>

beforeAll(async () => {
  world = await World.start()
  const { json } = await world.call('GET', '/openapi.json')
  paths = json.paths as typeof paths
})
afterAll(async () => world[Symbol.asyncDispose]())

describe('the API description', () => {
  test('says of every operation what it does and how it fails', () => {
    for (const [path, operations] of Object.entries(paths)) {
      for (const [method, { summary, responses }] of Object.entries(operations)) {
        expect(summary, `${method} ${path}`).toBeTruthy()
        const failure = Object.keys(responses['default']?.content ?? {})
        expect(failure, `${method} ${path}`).toEqual([
          path.startsWith('/v1/') ? 'application/json' : 'application/problem+json',
        ])
      }
    }
  })

  test('asks for a credential exactly where the gateway does', async () => {
    for (const [path, operations] of Object.entries(paths)) {
      for (const [method, { security }] of Object.entries(operations)) {
        const { status } = await world.call(method.toUpperCase(), path.replaceAll(/\{\w+\}/g, 'x'))
        expect(status === 401, `${method} ${path}`).toBe(security !== undefined)
      }
    }
  })

  test('shows bodies as they are checked', () => {
    const bodyOf = (path: string, type: string) =>
      paths[path]?.['post']?.requestBody?.content[type]?.schema
    expect(bodyOf('/api/v1/users', 'application/json')).toMatchObject({
      required: ['email', 'password', 'role'],
      additionalProperties: false,
      properties: { role: { enum: ['member', 'reviewer', 'auditor', 'admin'] } },
    })
    expect(bodyOf('/api/v1/documents', 'multipart/form-data')).toMatchObject({ required: ['file'] })
  })

  test('is shown to people at /docs, which loads nothing from elsewhere', async () => {
    const page = await world.call('GET', '/docs')
    expect(page.status).toBe(200)
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'")
    const script = await world.call('GET', '/docs/static/swagger-ui-bundle.js')
    expect(script.status).toBe(200)
  })
})
