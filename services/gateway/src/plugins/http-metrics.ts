import { Histogram, type Metrics } from '@lexcustis/runtime'
import type { App } from '../app.js'

const LATENCY_SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600,
]
/** Concrete paths carry ids; unknown ones are anybody's invention. */
const UNKNOWN_ROUTE = 'unknown'

/** Rate, errors and duration of HTTP requests by route; of a stream, until its end. */
export function registerHttpMetrics(app: App, { registry }: Metrics): void {
  const duration = new Histogram({
    name: 'lexcustis_http_request_duration_seconds',
    help: 'Duration of HTTP requests answered, by route, method and status',
    labelNames: ['route', 'method', 'status'] as const,
    buckets: LATENCY_SECONDS,
    registers: [registry],
  })
  app.addHook('onRequest', async (request, reply) => {
    const startedAt = performance.now()
    // Not onResponse: streams take the response over, and Fastify does not see their end.
    reply.raw.once('close', () => {
      const route = request.routeOptions.url ?? UNKNOWN_ROUTE
      const { method } = request
      const status = reply.raw.statusCode
      duration.observe({ route, method, status }, (performance.now() - startedAt) / 1000)
    })
  })
}
