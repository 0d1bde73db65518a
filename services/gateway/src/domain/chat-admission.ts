import { AppError, type Clock } from '@lexcustis/core'
import type { ChatAdmission } from './admission.js'
import type { OrganizationStore } from './identity/ports.js'
import { type Budget, msUntilNextUtcDay, utcDay } from './limits.js'
import { Refusal } from './refusal.js'

export interface ChatAdmissionDeps {
  readonly organizations: Pick<OrganizationStore, 'get'>
  readonly budget: Budget
  /** Chats per organisation and UTC day. */
  readonly dailyCap: number
  readonly clock: Clock
}

/** Pause first, then the budget: a refused chat must not cost a place. */
export function createChatAdmission(deps: ChatAdmissionDeps): ChatAdmission {
  const { organizations, budget, dailyCap, clock } = deps
  return {
    admit: async ({ organizationId }) => {
      const organization = await organizations.get(organizationId)
      if (!organization) throw new AppError('UNAUTHENTICATED', 'the organisation is gone')
      if (organization.pausedAt) {
        throw new Refusal(
          'CONFLICT',
          'organization_paused',
          'an admin has paused this organisation',
          false,
        )
      }
      const now = clock.nowMicros()
      const day = utcDay(now)
      if (!(await budget.take(organizationId, day, dailyCap))) {
        throw new Refusal(
          'RATE_LIMITED',
          'budget_exhausted',
          `the organisation's ${dailyCap} chats of this UTC day are used up`,
          false,
          { retryAfterMs: msUntilNextUtcDay(now) },
        )
      }
      let isReleased = false
      return {
        release: async () => {
          if (isReleased) return
          isReleased = true
          await budget.release(organizationId, day)
        },
      }
    },
  }
}
