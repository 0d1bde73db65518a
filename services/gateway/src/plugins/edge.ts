import { AppError } from '@lexcustis/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { App } from '../app.js'
import type { Authenticator } from '../domain/authenticator.js'
import type { Limiter, LimitPolicy } from '../domain/limits.js'
import { assertMay } from '../domain/principal.js'
import { Refusal } from '../domain/refusal.js'
import type { Access } from './access.js'

export interface EdgeOptions {
  readonly authenticator: Authenticator
  readonly limiter: Limiter
  readonly userLimit: LimitPolicy
  readonly ipLimit: LimitPolicy
}

const DOCS = '/docs'

/** Probes come often and from one address; they answer nothing worth protecting. */
const UNLIMITED = new Set(['/livez', '/readyz'])

/** Before anything of a body is read: who is it, how often, and may they. */
export function registerEdge(app: App, options: EdgeOptions): void {
  app.decorateRequest('principal', undefined)

  app.addHook('onRoute', (route) => {
    const isDocs = route.url === DOCS || route.url.startsWith(`${DOCS}/`)
    if (isDocs) route.config = { ...route.config, access: 'public' }
    if (!route.config?.access) throw new Error(`${route.url} does not say who may call it`)
  })

  app.addHook('onRequest', async (request, reply) => {
    const { url, config } = request.routeOptions
    if (url !== undefined && UNLIMITED.has(url)) return
    // An unknown route has no rule: it answers 404 to everybody.
    const access = config.access ?? 'public'
    if (access === 'public') await limit(options.limiter, options.ipLimit, request.ip, reply)
    else await admit(request, reply, access, options)
  })
}

async function admit(
  request: FastifyRequest,
  reply: FastifyReply,
  access: Exclude<Access, 'public'>,
  { authenticator, limiter, userLimit, ipLimit }: EdgeOptions,
): Promise<void> {
  const principal = await authenticator
    .authenticate(bearerOf(request.headers.authorization))
    .catch(async (error: unknown) => {
      // Guessing credentials is counted by address; an outage is not the caller's fault.
      if (AppError.from(error).reason === 'UNAUTHENTICATED') {
        await limit(limiter, ipLimit, request.ip, reply)
      }
      throw error
    })
  await limit(limiter, userLimit, principal.userId, reply)
  request.principal = principal
  if (access !== 'authenticated') assertMay(principal, access)
}

const BEARER = /^Bearer +([\x21-\x7e]{1,4096})$/i

function bearerOf(header: string | undefined): string {
  const credential = BEARER.exec(header ?? '')?.[1]
  if (credential) return credential
  throw new AppError('UNAUTHENTICATED', 'send an access token or an API key as a bearer credential')
}

/** Counts one event and tells the client where it stands (draft-ietf-httpapi-ratelimit-headers-11). */
export async function limit(
  limiter: Limiter,
  policy: LimitPolicy,
  key: string,
  reply: FastifyReply,
): Promise<void> {
  const { allowed, remaining, resetMs } = await limiter.hit(policy, key)
  void reply.headers({
    'ratelimit-policy': `"${policy.name}";q=${policy.limit};w=${policy.windowSeconds}`,
    ratelimit: `"${policy.name}";r=${remaining};t=${Math.ceil(resetMs / 1000)}`,
  })
  if (allowed) return
  throw new Refusal('RATE_LIMITED', 'rate_limited', 'too many requests; wait and try again', true, {
    retryAfterMs: resetMs,
  })
}
