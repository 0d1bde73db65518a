import type { AuditTrail } from '../audit-trail.js'
import { servicePrincipal } from '../principal.js'
import { DEPLOYMENT_ID } from '../tenant-tokens.js'
import type { Account } from './model.js'
import type { AuthFailureStore } from './ports.js'

const SWEEP_MS = 15_000

/** Puts failed sign-ins into the log: at most one record per account and minute, none forgotten. */
export interface AuthFailureReporter extends AsyncDisposable {
  /**
   * Returns at once: an answer that waited for the log would tell existing accounts from others.
   * Operators belong to no organisation's log.
   */
  report(account: Account): void
}

/** `onError` hears of what could not be recorded; it stays counted and is tried again. */
export function createAuthFailureReporter(
  store: AuthFailureStore,
  trail: AuditTrail,
  onError: (error: unknown) => void,
): AuthFailureReporter {
  const running = new Set<Promise<void>>()
  const track = (work: Promise<void>): void => {
    const settled = work.catch(onError).finally(() => running.delete(settled))
    running.add(settled)
  }
  const flush = async (organizationId: string, accountId: string): Promise<void> =>
    store.report(organizationId, accountId, async (count) =>
      trail.record(servicePrincipal(organizationId, accountId), {
        type: 'auth.failed',
        attrs: { count },
      }),
    )
  const sweep = async (): Promise<void> => {
    for (const { organizationId, accountId } of await store.due()) {
      await flush(organizationId, accountId)
    }
  }
  const timer = setInterval(() => track(sweep()), SWEEP_MS)
  timer.unref()

  return {
    report: ({ organizationId, id }) => {
      if (organizationId === DEPLOYMENT_ID) return
      track(store.count(organizationId, id).then(async () => flush(organizationId, id)))
    },
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer)
      await Promise.all(running)
    },
  }
}
