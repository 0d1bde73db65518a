import { AppError } from '@lexcustis/core'

/** Each hop keeps this much for itself, so that the deepest service can still say what was slow. */
export const HOP_MS = 20

/** The deadline to forward: a little earlier than ours. Throws TIMEOUT when too little is left. */
export function forwardDeadline(deadline: Date | undefined): Date | undefined {
  if (!deadline) return undefined
  const forwarded = deadline.getTime() - HOP_MS
  if (forwarded - Date.now() < HOP_MS) throw new AppError('TIMEOUT', 'the deadline passed')
  return new Date(forwarded)
}

export function deadlineIn(ms: number): Date {
  return new Date(Date.now() + ms)
}
