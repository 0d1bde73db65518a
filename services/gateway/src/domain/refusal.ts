import { AppError, type AppErrorOptions, type Reason } from '@lexcustis/core'

/** Why the edge itself said no; finer than a reason, for clients that tell them apart. */
export type RefusalCode = 'rate_limited' | 'budget_exhausted' | 'organization_paused'

/** A refusal of the edge. Repeating it before something changes is pointless unless `shouldRetry`. */
export class Refusal extends AppError {
  constructor(
    reason: Reason,
    readonly code: RefusalCode,
    message: string,
    readonly shouldRetry: boolean,
    options: AppErrorOptions = {},
  ) {
    super(reason, message, options)
  }
}
