import { createSha256, encodeUtf8, toBase64 } from '#platform'

export const SALT_BYTES = 32

const LABEL = encodeUtf8('lexcustis/commit/v1\0')

/**
 * Binds a record to a value without containing it: base64 of SHA-256(label ‖ 0x00 ‖ salt ‖ value).
 * `value` is UTF-8 as given, not normalised. Without the salt the value cannot be guessed.
 */
export function commit(salt: Uint8Array, value: Uint8Array | string): string {
  if (salt.length !== SALT_BYTES) throw new RangeError(`a salt has ${SALT_BYTES} bytes`)
  const hash = createSha256()
  hash.update(LABEL)
  hash.update(salt)
  hash.update(typeof value === 'string' ? encodeUtf8(value) : value)
  return toBase64(hash.digest())
}
