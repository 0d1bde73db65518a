import type { ReadinessCheck } from '@lexcustis/runtime'
import type { LogGuard } from './domain/signing/log-guard.js'

/** Names no organisation: readiness is open to whoever reaches the port. */
export function createLogCheck(guard: Pick<LogGuard, 'divergedOrganizations'>): ReadinessCheck {
  return {
    name: 'logs',
    check: async () => {
      const count = guard.divergedOrganizations
      if (count === 0) return { status: 'ready', detail: 'agree with what was signed' }
      const detail = `${count} differ from what was signed and are read-only`
      return { status: 'degraded', detail }
    },
  }
}
