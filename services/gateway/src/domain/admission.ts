import type { TenantPrincipal } from './principal.js'

/** A place in the day's budget. */
export interface Admitted {
  /** Gives the place back: for a request that ended before its start was recorded. Idempotent. */
  release(): Promise<void>
}

/** Decides whether an organisation may start one more chat. */
export interface ChatAdmission {
  /**
   * Throws a Refusal: CONFLICT when the organisation is paused, RATE_LIMITED when the day's budget is
   * used up; UNAVAILABLE when neither can be told.
   */
  admit(principal: TenantPrincipal): Promise<Admitted>
}
