import { status } from '@grpc/grpc-js'
import type { Reason } from '@lexcustis/core'

interface Row {
  readonly grpc: status
  readonly http: number
  readonly title: string
  /** Whether the same request may succeed a little later. */
  readonly retryable: boolean
}

/** The only place where a reason meets a protocol (gRPC status codes; HTTP as RFC 9110). */
export const REASON_TABLE = {
  INVALID_INPUT: {
    grpc: status.INVALID_ARGUMENT,
    http: 400,
    title: 'Invalid input',
    retryable: false,
  },
  UNAUTHENTICATED: {
    grpc: status.UNAUTHENTICATED,
    http: 401,
    title: 'Not authenticated',
    retryable: false,
  },
  FORBIDDEN: { grpc: status.PERMISSION_DENIED, http: 403, title: 'Not allowed', retryable: false },
  NOT_FOUND: { grpc: status.NOT_FOUND, http: 404, title: 'Not found', retryable: false },
  METHOD_NOT_ALLOWED: {
    grpc: status.UNIMPLEMENTED,
    http: 405,
    title: 'Method not allowed',
    retryable: false,
  },
  CONFLICT: { grpc: status.ALREADY_EXISTS, http: 409, title: 'Conflict', retryable: false },
  PAYLOAD_TOO_LARGE: {
    grpc: status.RESOURCE_EXHAUSTED,
    http: 413,
    title: 'Too large',
    retryable: false,
  },
  UNSUPPORTED_MEDIA_TYPE: {
    grpc: status.INVALID_ARGUMENT,
    http: 415,
    title: 'Unsupported media type',
    retryable: false,
  },
  RATE_LIMITED: {
    grpc: status.RESOURCE_EXHAUSTED,
    http: 429,
    title: 'Too many requests',
    retryable: true,
  },
  CANCELLED: {
    grpc: status.CANCELLED,
    http: 499,
    title: 'Cancelled by the caller',
    retryable: false,
  },
  INTERNAL: { grpc: status.INTERNAL, http: 500, title: 'Internal error', retryable: false },
  UNIMPLEMENTED: {
    grpc: status.UNIMPLEMENTED,
    http: 501,
    title: 'Not implemented',
    retryable: false,
  },
  UPSTREAM_ERROR: {
    grpc: status.UNAVAILABLE,
    http: 502,
    title: 'The model provider failed',
    retryable: true,
  },
  UNAVAILABLE: {
    grpc: status.UNAVAILABLE,
    http: 503,
    title: 'Temporarily unavailable',
    retryable: true,
  },
  TIMEOUT: { grpc: status.DEADLINE_EXCEEDED, http: 504, title: 'Took too long', retryable: true },
} as const satisfies Record<Reason, Row>
