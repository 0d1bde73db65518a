import { STATUS_CODES } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AppError, FieldError, Reason } from '@lexcustis/core'
import { REASON_TABLE } from '@lexcustis/rpc'
import { Refusal } from '../domain/refusal.js'
import type { App } from '../app.js'
import type { Events } from '../events.js'
import { toFailure } from './failure.js'
import { toOpenAiError } from './openai-error.js'

/** RFC 9457, with our extensions `reason`, `request_id` and `errors`. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly reason: Reason
  readonly request_id: string
  readonly errors?: readonly FieldError[]
}

/** The problem document of a failure; INTERNAL keeps its text to itself. */
export function toProblem(failure: AppError, requestId: string): Problem {
  const { reason, errors, message } = failure
  const { http, title } = REASON_TABLE[reason]
  return {
    type: `/problems/${reason.toLowerCase().replaceAll('_', '-')}`,
    title,
    status: http,
    detail: reason === 'INTERNAL' ? 'Something failed on our side; quote the request id.' : message,
    reason,
    request_id: requestId,
    ...(errors.length > 0 ? { errors } : {}),
  }
}

/** Headers that tell a client whether and when to come back. */
export function failureHeaders(failure: AppError): Record<string, string> {
  const { reason, retryAfterMs } = failure
  // The OpenAI SDK retries 409 and 429 on its own unless told not to.
  const isFinal = failure instanceof Refusal ? !failure.shouldRetry : reason === 'CONFLICT'
  return {
    ...(retryAfterMs === undefined
      ? {}
      : { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) }),
    ...(isFinal ? { 'x-should-retry': 'false' } : {}),
    ...(reason === 'UNAUTHENTICATED' ? { 'www-authenticate': 'Bearer' } : {}),
  }
}

const isOpenAiPath = (url: string): boolean => /^\/v1(?:[/?#]|$)/.test(url)

/** Renders a failure by path: the OpenAI envelope under `/v1`, a problem document elsewhere. */
export async function sendFailure(
  request: FastifyRequest,
  reply: FastifyReply,
  failure: AppError,
): Promise<FastifyReply> {
  void reply.code(REASON_TABLE[failure.reason].http).headers(failureHeaders(failure))
  if (isOpenAiPath(request.url)) {
    return reply
      .type('application/json; charset=utf-8')
      .serializer(JSON.stringify)
      .send(toOpenAiError(failure))
  }
  return reply
    .type('application/problem+json; charset=utf-8')
    .serializer(JSON.stringify)
    .send(toProblem(failure, request.id))
}

/** Every failure leaves through here. */
export function registerProblems(app: App, events: Pick<Events, 'requestFailed'>): void {
  app.setErrorHandler(async (error, request, reply) => {
    const failure = toFailure(error)
    if (failure.reason === 'INTERNAL') {
      events.requestFailed(request.id, request.routeOptions.url ?? '', failure)
    }
    return sendFailure(request, reply, failure)
  })
}

/** For a request that Node's parser refused, before there is a request object. */
export function rawProblem(
  status: number,
  reason: Reason,
  detail: string,
  requestId: string,
): string {
  const body = JSON.stringify({
    type: `/problems/${reason.toLowerCase().replaceAll('_', '-')}`,
    title: REASON_TABLE[reason].title,
    status,
    detail,
    reason,
    request_id: requestId,
  })
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'content-type: application/problem+json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${requestId}`,
    'connection: close',
    '',
    body,
  ].join('\r\n')
}
