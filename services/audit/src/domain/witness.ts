import type { CheckpointStore, LogName } from './checkpoint-store.js'

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

/** Says that something existed at a time, in a way a stranger can check. */
export interface TimestampAuthority {
  /**
   * The timestamp token over a message (RFC 3161, DER), checked. Throws AppError UNAVAILABLE or
   * TIMEOUT when the authority is away, UPSTREAM_ERROR when its token does not hold.
   */
  stamp(message: Uint8Array): Promise<Uint8Array>
}

/**
 * A timestamp authority as a witness: it keeps nothing, so the token is kept beside the note in our
 * own store. It proves that the note is at least as old as it claims.
 */
export function createTimestampWitness(options: {
  readonly name?: string
  readonly authority: TimestampAuthority
  readonly store: Pick<CheckpointStore, 'getTimestamp' | 'putTimestamp'>
  readonly everyMs?: number
}): Witness {
  const { name = 'timestamp', authority, store, everyMs = 0 } = options
  return {
    name,
    everyMs,
    async push({ log, size, note }) {
      if (await store.getTimestamp(log, size)) return
      await store.putTimestamp(log, size, await authority.stamp(Buffer.from(note)))
    },
  }
}
