import { setTimeout as sleep } from 'node:timers/promises'
import { callContext } from '../adapters/peers.js'
import type { App } from '../app.js'
import { requirePermission, tenantOf } from '../plugins/access.js'
import { toFailure } from '../plugins/failure.js'
import { toProblem } from '../plugins/problem.js'
import { eventFrame, EventStream, watchClient } from '../sse.js'
import { type DocumentView, toDocumentView } from './document-view.js'
import type { GatewayDeps } from './gateway-deps.js'
import { asNotFound, IdParams, readId } from './schemas.js'

const POLL_MS = 250
const READ_TIMEOUT_MS = 10_000
/** Nobody watches longer; a client that does connects again. */
const MAX_WATCH_MS = 600_000

type Watched = Pick<GatewayDeps, 'peers' | 'tokens' | 'shutdown'>

/** `GET /api/v1/documents/{id}/events`: `state` whenever it changed, until `ready` or `failed`. */
export function registerDocumentEvents(app: App, { peers, tokens, shutdown }: Watched): void {
  app.get(
    '/api/v1/documents/:id/events',
    {
      ...requirePermission('documents.read'),
      schema: {
        tags: ['documents'],
        summary: 'Server-sent events: state, with the document, whenever it changed',
        params: IdParams,
        produces: ['text/event-stream'],
      },
    },
    async (request, reply) => {
      const principal = tenantOf(request)
      const id = readId(request.params.id, 'document')
      const read = async (): Promise<DocumentView> => {
        const context = await callContext(tokens, principal, 'rag', { timeoutMs: READ_TIMEOUT_MS })
        const { document } = await peers.rag.documents.getDocument({ id }, context)
        return toDocumentView(document)
      }
      // Before the first byte: an unknown document is a plain 404.
      const first = await read().catch(asNotFound('document'))

      const gone = new AbortController()
      const unwatch = watchClient(reply.raw, () => gone.abort())
      const until = AbortSignal.any([gone.signal, shutdown, AbortSignal.timeout(MAX_WATCH_MS)])
      const stream = new EventStream(reply)
      stream.open(eventFrame('state', first))
      try {
        for await (const view of changes(first, read, until)) {
          await stream.send(eventFrame('state', view))
        }
        stream.end()
      } catch (error) {
        stream.end(eventFrame('error', toProblem(toFailure(error), request.id)))
      } finally {
        unwatch()
      }
      return reply
    },
  )
}

async function* changes(
  first: DocumentView,
  read: () => Promise<DocumentView>,
  until: AbortSignal,
): AsyncGenerator<DocumentView> {
  let last = first
  while (last.state !== 'ready' && last.state !== 'failed') {
    await sleep(POLL_MS, undefined, { signal: until }).catch(() => undefined)
    if (until.aborted) return
    const next = await read()
    if (next.state !== last.state || next.chunk_count !== last.chunk_count) yield next
    last = next
  }
}
