import { randomBytes } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { ChatRequest } from '../domain/chat/request.js'
import { tenantOf } from '../plugins/access.js'

const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})$/
/** Printable ASCII, as an attribute of a record; anything else is not worth keeping. */
const CLIENT_REQUEST_ID = /^[\x21-\x7e]{1,128}$/

/** What every API takes from the request itself, never from its body. */
export function fromHttp(
  request: FastifyRequest,
): Pick<ChatRequest, 'requestId' | 'principal' | 'traceparent' | 'clientRequestId'> {
  const clientRequestId = request.headers['x-request-id']
  const isKept = typeof clientRequestId === 'string' && CLIENT_REQUEST_ID.test(clientRequestId)
  return {
    requestId: request.id,
    principal: tenantOf(request),
    traceparent: traceparentOf(request),
    ...(isKept ? { clientRequestId } : {}),
  }
}

/** Continues the client's trace (W3C Trace Context), or begins one that is named like the request. */
export function traceparentOf(request: FastifyRequest): string {
  const [, trace, flags] = TRACEPARENT.exec(String(request.headers['traceparent'])) ?? []
  const span = randomBytes(8).toString('hex')
  return `00-${trace ?? request.id.replaceAll('-', '')}-${span}-${flags ?? '01'}`
}
