import type { AppError } from '@lexcustis/core'
import type { Logger } from '@lexcustis/runtime'

/** What the gateway says about itself; never anything a person wrote. */
export interface Events {
  started(host: string, port: number): void
  draining(): void
  requestFailed(requestId: string, route: string, failure: AppError): void
  limitsDegraded(error: unknown): void
  limitsRecovered(): void
  operatorCreated(): void
  authFailureUnrecorded(error: unknown): void
  recordStands(error: unknown): void
}

export function createEvents(log: Logger): Events {
  return {
    started: (host, port) => log.info({ host, port }, 'listening'),
    draining: () => log.info('draining'),
    requestFailed: (requestId, route, failure) =>
      log.error(
        { request_id: requestId, route, reason: failure.reason, error: failure.cause ?? failure },
        'request failed',
      ),
    limitsDegraded: (error) => log.warn({ error }, 'rate limits count in this process only'),
    limitsRecovered: () => log.info('rate limits are shared again'),
    operatorCreated: () => log.info('operator created'),
    authFailureUnrecorded: (error) => log.warn({ error }, 'failed sign-ins wait to be recorded'),
    recordStands: (error) => log.error({ error }, 'a change that failed stays recorded'),
  }
}
