/**
 * What an offline verifier can find wrong with an export: the closed list of SPEC.md, section 7.
 * Who holds the key and the database sees more: `CHAIN_CODES`.
 */
export const FAILURE_CODES = [
  'empty',
  'counts',
  'record_count',
  'record_malformed',
  'record_order',
  'canonical_form',
  'canonical_malformed',
  'canonical_too_large',
  'envelope_schema',
  'wrong_org',
  'wrong_incarnation',
  'seq_gap',
  'seq_duplicate',
  'seq_mismatch',
  'seq_beyond_tree',
  'id_duplicate',
  'clock_backwards',
  'genesis',
  'root_mismatch',
  'inclusion',
  'proof_missing',
  'proof_malformed',
  'proof_orphan',
  'range_proof',
  'period',
  'period_boundary',
  'consistency',
  'consistency_missing',
  'consistency_malformed',
  'previous_malformed',
  'previous_newer',
  'previous_differs',
  'previous_origin',
  'checkpoint_malformed',
  'checkpoint_signature',
  'commitment',
  'content_missing',
  'content_unknown',
  'content_malformed',
  'content_duplicate',
  'erasure_order',
  'erasure_unproven',
  'erasure_mismatch',
  'erasure_malformed',
  'erasure_not_executed',
  'key_unannounced',
  'key_retired',
  'keys_malformed',
  'keys_mismatch',
  'key_malformed',
  'manifest_missing',
  'manifest_malformed',
  'manifest_version',
  'manifest_mismatch',
  'manifest_signature',
  'manifest_signature_missing',
  'member_missing',
  'member_unlisted',
  'member_unreadable',
  'member_malformed',
  'member_hash',
  'bundle_unreadable',
  'bundle_unsafe',
  'internal',
] as const

/** Breaks that only the holder of the master key and of the database can see. */
export const CHAIN_CODES = [
  /** The stored MAC is not the one of these bytes at this place. */
  'mac_mismatch',
  /** The stored leaf is not the hash of the stored bytes. */
  'leaf_mismatch',
  /** A column beside the bytes says something else than the bytes. */
  'projection_mismatch',
  /** A `chat.started` whose end is overdue. */
  'end_missing',
  /** The log is shorter than the newest checkpoint says. */
  'tail_missing',
] as const

export type FailureCode = (typeof FAILURE_CODES)[number]
export type BreakCode = FailureCode | (typeof CHAIN_CODES)[number]

/** Input that breaks a rule of the format. The message never quotes a value. */
export class EvidenceError extends Error {
  override readonly name = 'EvidenceError'

  constructor(
    readonly code: FailureCode,
    /** What is wrong, without saying where. */
    readonly detail: string,
    /** RFC 6901 JSON pointer of the place. */
    readonly pointer = '',
  ) {
    super(pointer === '' ? detail : `${detail} at ${pointer}`)
  }

  /** The same error seen from one level further out. */
  under(key: string | number): EvidenceError {
    const token = String(key).replaceAll('~', '~0').replaceAll('/', '~1')
    return new EvidenceError(this.code, this.detail, `/${token}${this.pointer}`)
  }
}

/** Runs `read` for the member `key`; an error points at it. */
export function within<T>(key: string | number, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof EvidenceError ? error.under(key) : error
  }
}
