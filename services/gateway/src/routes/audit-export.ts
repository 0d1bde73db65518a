import { readFile } from 'node:fs/promises'
import { AppError, type Clock } from '@lexcustis/core'
import { VERIFIER_PAGE } from '@lexcustis/evidence'
import { z } from 'zod'
import { callContext } from '../adapters/peers.js'
import type { App } from '../app.js'
import { requirePermission, tenantOf } from '../plugins/access.js'
import { watchClient } from '../sse.js'
import { type Piece, zipOf } from '../zip.js'
import type { GatewayDeps } from './gateway-deps.js'
import { Position } from './schemas.js'

/** A log of many gigabytes over a slow line. */
const EXPORT_TIMEOUT_MS = 6 * 3_600_000

const Time = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z$/, 'is not a time in UTC (RFC 3339)')
  .optional()

const ExportQuery = z
  .object({
    from: Time.describe('Recorded at or after; with `to`. Left out: everything'),
    to: Time.describe('Recorded before'),
    previous: Position.optional().describe('Size of a checkpoint that the receiver holds'),
  })
  .refine(({ from, to }) => (from === undefined) === (to === undefined), {
    error: 'from and to are given both or not at all',
  })

/** The log for somebody outside: a bundle, and what to check it with. */
export function registerAuditExport(
  app: App,
  { peers, tokens, clock, shutdown }: Pick<GatewayDeps, 'peers' | 'tokens' | 'clock' | 'shutdown'>,
): void {
  app.get(
    '/api/v1/audit/export',
    {
      ...requirePermission('audit.verify'),
      // It would record an export, make it, and throw it away.
      exposeHeadRoute: false,
      schema: {
        tags: ['audit'],
        summary: 'The log, or a period of it, as a bundle that can be verified offline',
        querystring: ExportQuery,
        produces: ['application/zip'],
      },
    },
    async (request, reply) => {
      const principal = tenantOf(request)
      const { from = '', to = '', previous = 0n } = request.query
      const gone = new AbortController()
      const unwatch = watchClient(reply.raw, () => gone.abort())
      reply.raw.once('close', unwatch)
      const context = await callContext(tokens, principal, 'audit', {
        timeoutMs: EXPORT_TIMEOUT_MS,
        signal: AbortSignal.any([gone.signal, shutdown]),
      })
      const pieces = peers.audit.exports.exportPeriod({ from, to, previous, resumeAt: 0n }, context)
      // A refusal comes instead of the first piece, and is a plain problem response. Later failures cut
      // the connection: half an archive must not look like a whole one.
      const stream = zipOf(await begun(pieces))
      return reply
        .type('application/zip')
        .header('content-disposition', `attachment; filename="${fileName(principal, clock)}"`)
        .send(stream)
    },
  )

  app.get(
    '/api/v1/audit/verifier',
    {
      ...requirePermission('audit.verify'),
      schema: {
        tags: ['audit'],
        summary: 'The offline verifier of exports: one page for a browser that needs no network',
        produces: ['text/html'],
      },
    },
    async (_request, reply) =>
      reply
        .type('text/html; charset=utf-8')
        .header('content-disposition', 'attachment; filename="lexcustis-verify.html"')
        .send(await readFile(VERIFIER_PAGE).catch(isMissing)),
  )
}

/** The same pieces once the first has come. */
async function begun(pieces: AsyncIterable<Piece>): Promise<AsyncIterable<Piece>> {
  const source = pieces[Symbol.asyncIterator]()
  const first = await source.next()
  return (async function* () {
    try {
      for (let step = first; !step.done; step = await source.next()) yield step.value
    } finally {
      await source.return?.()
    }
  })()
}

function fileName({ organizationId }: { readonly organizationId: string }, clock: Clock): string {
  const time = new Date(Number(clock.nowMicros() / 1_000n)).toISOString()
  return `lexcustis-audit-${organizationId}-${time.slice(0, 19).replace(/[-:]/g, '')}Z.zip`
}

function isMissing(error: unknown): never {
  throw new AppError('NOT_FOUND', 'this installation was built without the page', { cause: error })
}
