import type { AddressInfo } from 'node:net'
import { AppError } from '@lexcustis/core'
import { type App, buildApp } from '../../src/app.js'
import type { Limiter, LimitState } from '../../src/domain/limits.js'
import type { TenantPrincipal } from '../../src/domain/principal.js'
import { registerNativeChat } from '../../src/routes/chat.js'
import { registerOpenAi } from '../../src/routes/openai.js'
import { createWorld, PRINCIPAL, type World } from './fakes.js'

const UNLIMITED = { limit: 1_000_000, windowSeconds: 60 }
export const KEY = 'lc_test'

const allowed = async (): Promise<LimitState> => ({ allowed: true, remaining: 1, resetMs: 1_000 })
export const UNLIMITED_LIMITER: Limiter = { hit: allowed, peek: allowed }

export interface HttpWorld extends World, AsyncDisposable {
  readonly app: App
  readonly url: string
}

/** Both chat APIs behind the real edge, listening, over a chat with fakes. */
export async function listen(
  given: Parameters<typeof createWorld>[0] & {
    readonly principal?: TenantPrincipal
    readonly keepaliveMs?: number
  } = {},
): Promise<HttpWorld> {
  const { principal = PRINCIPAL, keepaliveMs = 15_000 } = given
  const world = createWorld(given)
  const app = await buildApp(
    {
      authenticator: {
        authenticate: async (bearer) => {
          if (bearer === KEY) return principal
          throw new AppError('UNAUTHENTICATED', 'sign in first')
        },
      },
      limiter: UNLIMITED_LIMITER,
      userLimit: { name: 'user', ...UNLIMITED },
      ipLimit: { name: 'ip', ...UNLIMITED },
      events: { requestFailed: () => undefined },
      trustedProxies: [],
    },
    { ...world, keepaliveMs },
    [
      (to, service) => registerNativeChat(to, service),
      (to, service) => registerOpenAi(to, service, service.model),
    ],
  )
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  return {
    ...world,
    app,
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      world.running.stopAll()
      app.server.closeAllConnections()
      await app.close()
    },
  }
}

export async function post(
  { url }: HttpWorld,
  path: string,
  body: unknown,
  options: RequestInit = {},
): Promise<Response> {
  return fetch(url + path, {
    method: 'POST',
    ...options,
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${KEY}`,
      ...(options.headers as Record<string, string> | undefined),
    },
    body: JSON.stringify(body),
  })
}

export interface SseEvent {
  readonly event: string
  readonly data: string
}

/** Events of a whole stream, in order; comments are left out. */
export function parseEvents(text: string): SseEvent[] {
  return text
    .split('\n\n')
    .filter((block) => block !== '' && !block.startsWith(':'))
    .map((block) => {
      const field = (name: string) =>
        block
          .split('\n')
          .filter((line) => line.startsWith(`${name}: `))
          .map((line) => line.slice(name.length + 2))
          .join('\n')
      return { event: field('event'), data: field('data') }
    })
}
