import { allocate, sha256, sha256Shared } from '#platform'
import { MAX_CANONICAL_BYTES } from '../canonical.js'

export const HASH_BYTES = 32

const LEAF_PREFIX = 0
const NODE_PREFIX = 1

/** SHA-256(0x00 ‖ canonical): the leaf hash of RFC 6962, section 2.1. */
export function leafHash(canonical: Uint8Array): Buffer {
  const sizeBytes = 1 + canonical.length
  if (leaf.length < sizeBytes) leaf = allocate(sizeBytes)
  leaf[0] = LEAF_PREFIX
  leaf.set(canonical, 1)
  return sha256Shared(leaf.subarray(0, sizeBytes))
}

/** Where leaves are put together: a buffer for each would be the garbage of a writer and a verifier. */
let leaf = allocate(1 + MAX_CANONICAL_BYTES)

const pair = allocate(1 + 2 * HASH_BYTES)
pair[0] = NODE_PREFIX

/** SHA-256(0x01 ‖ left ‖ right): an inner node of RFC 6962, section 2.1. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  pair.set(left, 1)
  pair.set(right, 1 + HASH_BYTES)
  return sha256(pair)
}

/** Root of the tree without leaves: SHA-256 of nothing. */
export const EMPTY_ROOT: Uint8Array = sha256(allocate(0))

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let index = 0; index < a.length; index += 1) if (a[index] !== b[index]) return false
  return true
}
