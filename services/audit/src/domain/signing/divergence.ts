/** How the database and the checkpoint store disagree about an organisation. */
export type DivergenceCode =
  /** The store has a log that the database does not have at all. */
  | 'log_missing'
  /** The database has an older incarnation, or fewer records, than has been signed. */
  | 'log_behind'
  /** A record is missing below the newest one. */
  | 'seq_gap'
  /** The records there have another root than the one that was signed. */
  | 'root_mismatch'
  /** The newest stored checkpoint is none, or not signed by a key of this deployment. */
  | 'checkpoint_signature'
  /** The database has a newer incarnation whose genesis does not continue what was signed. */
  | 'genesis'

export interface Divergence {
  readonly code: DivergenceCode
  readonly incarnation: string
  /** Size of the newest stored checkpoint. */
  readonly signedSize: bigint
  /** Records of that incarnation in the database. */
  readonly storedSize: bigint
}

/** The log disagrees with what was signed: it is read-only until an operator starts a new incarnation. */
export class DivergedError extends Error {
  override readonly name = 'DivergedError'

  constructor(readonly divergence: Divergence) {
    super(`the log differs from what was signed: ${divergence.code}`)
  }
}
