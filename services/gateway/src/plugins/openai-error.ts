import type { AppError, Reason } from '@lexcustis/core'
import { Refusal } from '../domain/refusal.js'

/** The error object of OpenAI's API, as its SDKs read it. */
export interface OpenAiErrorBody {
  readonly error: {
    readonly message: string
    readonly type: string
    readonly param: string | null
    readonly code: string | null
  }
}

type Row = readonly [type: string, code: string | null]

const TYPES: Readonly<Record<Reason, Row>> = {
  INVALID_INPUT: ['invalid_request_error', null],
  UNAUTHENTICATED: ['authentication_error', 'invalid_api_key'],
  FORBIDDEN: ['permission_error', 'permission_denied'],
  NOT_FOUND: ['invalid_request_error', 'not_found'],
  METHOD_NOT_ALLOWED: ['invalid_request_error', 'method_not_allowed'],
  CONFLICT: ['conflict_error', 'conflict'],
  PAYLOAD_TOO_LARGE: ['invalid_request_error', 'payload_too_large'],
  UNSUPPORTED_MEDIA_TYPE: ['invalid_request_error', 'unsupported_media_type'],
  RATE_LIMITED: ['rate_limit_exceeded', 'rate_limit_exceeded'],
  CANCELLED: ['server_error', 'cancelled'],
  INTERNAL: ['server_error', 'internal_error'],
  UNIMPLEMENTED: ['invalid_request_error', 'unimplemented'],
  UPSTREAM_ERROR: ['upstream_error', 'upstream_error'],
  UNAVAILABLE: ['server_error', 'unavailable'],
  TIMEOUT: ['server_error', 'timeout'],
}

/** `/messages/0/content` (RFC 6901) → `messages[0].content`, as OpenAI writes it. */
function toParam(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((path, part) => {
      if (/^\d+$/.test(part)) return `${path}[${part}]`
      return path ? `${path}.${part}` : part
    }, '')
}

/** What a client of `/v1` gets for a failure, before or in the middle of a stream. */
export function toOpenAiError(failure: AppError): OpenAiErrorBody {
  const [type, code] = rowOf(failure)
  const [first] = failure.errors
  const message =
    failure.reason === 'INTERNAL' ? 'internal error' : (first?.detail ?? failure.message)
  return { error: { message, type, param: first ? toParam(first.pointer) || null : null, code } }
}

function rowOf(failure: AppError): Row {
  if (failure instanceof Refusal && failure.code === 'budget_exhausted') {
    return ['insufficient_quota', 'insufficient_quota']
  }
  if (failure instanceof Refusal && failure.code === 'organization_paused') {
    return ['conflict_error', 'organization_paused']
  }
  const isModel = failure.reason === 'NOT_FOUND' && failure.errors[0]?.pointer === '/model'
  return isModel ? ['invalid_request_error', 'model_not_found'] : TYPES[failure.reason]
}
