import { createHash } from 'node:crypto'

export const SALT_BYTES = 32

const LABEL = Buffer.from('lexcustis/commit/v1\0')

/**
 * Binds a record to a value without containing it: base64 of SHA-256(label ‖ 0x00 ‖ salt ‖ value).
 * `value` is UTF-8 as given, not normalised. Without the salt the value cannot be guessed.
 */
export function commit(salt: Uint8Array, value: Uint8Array | string): string {
  if (salt.length !== SALT_BYTES) throw new RangeError(`a salt has ${SALT_BYTES} bytes`)
  return createHash('sha256').update(LABEL).update(salt).update(value).digest('base64')
}
