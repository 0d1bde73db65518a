import type { LogName } from './checkpoint-store.js'

export interface StoredCheckpoint {
  readonly log: LogName
  readonly size: bigint
  /** The signed note as the store has it, byte for byte. */
  readonly note: string
}

/**
 * Somebody outside who keeps checkpoints, so that a rewritten history contradicts what another has.
 * Only that finds a rewriting that was signed again with the signing key itself.
 */
export interface Witness {
  /** Names it in progress, metrics and events: lower case letters, digits and hyphens. */
  readonly name: string
  /** The least time between two deliveries of one log; without it as soon as there is a newer one. */
  readonly everyMs?: number
  /**
   * Resolves when the witness has it. It may be given the same checkpoint again, and need not be
   * given each: a later one of a log covers those before.
   */
  push(checkpoint: StoredCheckpoint): Promise<void>
}

/** The last checkpoint of a log that a witness took. */
export interface Delivered {
  readonly size: bigint
  /** Microseconds since 1970. */
  readonly atMicros: bigint
}

/** Where a process that starts again goes on. Losing it means delivering again, never missing one. */
export interface AnchorProgress {
  read(witness: string, log: LogName): Promise<Delivered | undefined>
  write(witness: string, log: LogName, delivered: Delivered): Promise<void>
}
