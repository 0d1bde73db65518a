/** Why something failed; the closed list of every service. Mirrors `lexcustis.error.v1.Reason`. */
export const REASONS = [
  'INVALID_INPUT',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'NOT_FOUND',
  'METHOD_NOT_ALLOWED',
  'CONFLICT',
  'PAYLOAD_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'RATE_LIMITED',
  'CANCELLED',
  'INTERNAL',
  'UNIMPLEMENTED',
  'UPSTREAM_ERROR',
  'UNAVAILABLE',
  'TIMEOUT',
] as const

export type Reason = (typeof REASONS)[number]

export function isReason(value: unknown): value is Reason {
  return REASONS.includes(value as Reason)
}
