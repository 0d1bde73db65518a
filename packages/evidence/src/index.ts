export {
  canonicalize,
  canonicalText,
  type JsonObject,
  type JsonValue,
  MAX_CANONICAL_BYTES,
  MAX_DEPTH,
} from './canonical.js'
export * from './chain.js'
export * from './chain-verifier.js'
export * from './commitment.js'
export {
  type Actor,
  type Commitments,
  type Envelope,
  envelopeBytes,
  isSequence,
  readEnvelope,
} from './envelope.js'
export {
  type BreakCode,
  CHAIN_CODES,
  EvidenceError,
  FAILURE_CODES,
  type FailureCode,
} from './failure.js'
export * from './merkle/compact-range.js'
export { EMPTY_ROOT, equalBytes, HASH_BYTES, leafHash, nodeHash } from './merkle/hash.js'
export * from './merkle/proof.js'
export { type Subtree, subtreesOf } from './merkle/subtrees.js'
export * from './merkle/tiles.js'
export * from './note/checkpoint.js'
export { verifyEd25519 } from './note/ed25519.js'
export * from './note/note.js'
export * from './note/vkey.js'
export { readRecord } from './read-record.js'
export * from './record-types.js'
export * from './shipped-files.js'
export { canonicalizeJson, readStrictJson } from './strict-json.js'
export { isTimestamp } from './timestamp.js'
export { type Bundle } from './bundle/bundle.js'
export { openBundle } from './bundle/open-bundle.js'
export * from './verify/report.js'
export { verifyBundle, type VerifyOptions } from './verify/verify-bundle.js'
