import { evaluateChecks } from '@lexcustis/runtime'
import { z } from 'zod'
import type { App } from '../app.js'
import { openToEveryone } from '../plugins/access.js'
import type { GatewayDeps } from './gateway-deps.js'

const Status = z.enum(['ready', 'degraded', 'not_ready'])
const Readiness = z.object({
  status: Status,
  checks: z.array(z.object({ name: z.string(), status: Status, detail: z.string() })),
})

/** `/livez` and `/readyz` on the public port, for load balancers that see no other. */
export function healthRoutes(app: App, { checks }: Pick<GatewayDeps, 'checks'>): void {
  app.get(
    '/livez',
    {
      ...openToEveryone(),
      schema: {
        tags: ['health'],
        summary: 'Whether the process runs',
        response: { 200: z.object({ status: z.literal('live') }) },
      },
    },
    async () => ({ status: 'live' as const }),
  )

  app.get(
    '/readyz',
    {
      ...openToEveryone(),
      schema: {
        tags: ['health'],
        summary: 'Whether requests can be answered, and what is missing',
        response: { 200: Readiness, 503: Readiness },
      },
    },
    async (_request, reply) => {
      const { status, checks: results } = await evaluateChecks(checks)
      return reply.code(status === 'not_ready' ? 503 : 200).send({ status, checks: [...results] })
    },
  )
}
