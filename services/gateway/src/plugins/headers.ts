import type { App } from '../app.js'

const ALWAYS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  // Browsers heed this over TLS only, where a proxy in front of us ends it.
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
} as const

/** Nothing an API answers is a page: no script, no frame, no cache. */
const API_ONLY = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
} as const

/** Headers of every answer; `x-request-id` is the id of the record the request leaves, if any. */
export function registerHeaders(app: App): void {
  app.addHook('onRequest', async (request, reply) => {
    const isDocs = request.url.startsWith('/docs')
    void reply.headers({ 'x-request-id': request.id, ...ALWAYS, ...(isDocs ? {} : API_ONLY) })
  })
}
