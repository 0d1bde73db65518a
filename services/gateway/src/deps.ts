import type { Clock } from '@lexcustis/core'
import type { Logger, Metrics } from '@lexcustis/runtime'
import type { Peers } from './adapters/peers.js'
import type { ChatAdmission } from './domain/admission.js'
import type { TokenSource } from './domain/tenant-tokens.js'

/** What route modules are given. */
export interface RouteDeps {
  /** Typed clients of the four services. */
  readonly peers: Peers
  readonly tokens: TokenSource
  readonly admission: ChatAdmission
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
  /** Longest a chat may run, in milliseconds. */
  readonly chatMaxMs: number
  /** Fires when the drain time is over: what still runs ends now, with the outcome `shutdown`. */
  readonly shutdown: AbortSignal
}
