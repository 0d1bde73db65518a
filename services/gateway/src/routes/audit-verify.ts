import type { VerifyChainResponse, VerifyChainResponse_Break } from '@lexcustis/proto/audit'
import { callContext } from '../adapters/peers.js'
import type { App } from '../app.js'
import { requirePermission, tenantOf } from '../plugins/access.js'
import { toFailure } from '../plugins/failure.js'
import { toProblem } from '../plugins/problem.js'
import { eventFrame, EventStream, watchClient } from '../sse.js'
import type { GatewayDeps } from './gateway-deps.js'

/** Checking hashes at some 100 000 records a second, this is a long log. */
const VERIFY_TIMEOUT_MS = 3_600_000
/** A log that is broken everywhere must not fill our memory; the total is in `break` events anyway. */
const MAX_BREAKS = 1_000

interface BreakView {
  readonly code: string
  readonly sequence: string | null
  readonly detail: string
}

/** `GET /api/v1/audit/verify`: `progress`…, `break`…, then one `result`. */
export function registerAuditVerify(
  app: App,
  { peers, tokens, shutdown }: Pick<GatewayDeps, 'peers' | 'tokens' | 'shutdown'>,
): void {
  app.get(
    '/api/v1/audit/verify',
    {
      ...requirePermission('audit.verify'),
      schema: {
        tags: ['audit'],
        summary: 'Server-sent events progress, break and result: checks every record of the log',
        produces: ['text/event-stream'],
      },
    },
    async (request, reply) => {
      const gone = new AbortController()
      const unwatch = watchClient(reply.raw, () => gone.abort())
      const stream = new EventStream(reply)
      try {
        const context = await callContext(tokens, tenantOf(request), 'audit', {
          timeoutMs: VERIFY_TIMEOUT_MS,
          signal: AbortSignal.any([gone.signal, shutdown]),
        })
        const breaks: BreakView[] = []
        for await (const { event } of peers.audit.reader.verifyChain({}, context)) {
          if (!stream.isOpen) stream.open()
          await stream.send(toFrame(event, breaks))
        }
        stream.end()
      } catch (error) {
        // Before the first event this is a plain problem response.
        if (!stream.isOpen) throw error
        stream.end(eventFrame('error', toProblem(toFailure(error), request.id)))
      } finally {
        unwatch()
      }
      return reply
    },
  )
}

function toFrame(event: VerifyChainResponse['event'], breaks: BreakView[]): string {
  switch (event?.$case) {
    case 'progress': {
      const { checked, expected } = event.value
      return eventFrame('progress', { checked: Number(checked), expected: Number(expected) })
    }
    case 'break': {
      const view = toBreak(event.value)
      if (breaks.length < MAX_BREAKS) breaks.push(view)
      return eventFrame('break', view)
    }
    case 'result': {
      const { valid, checked, expected, open } = event.value
      return eventFrame('result', {
        valid,
        checked: Number(checked),
        expected: Number(expected),
        open: Number(open),
        breaks,
      })
    }
    case undefined:
      return ''
  }
}

function toBreak({ code, sequence, detail }: VerifyChainResponse_Break): BreakView {
  return { code, sequence: sequence === undefined ? null : String(sequence), detail }
}
