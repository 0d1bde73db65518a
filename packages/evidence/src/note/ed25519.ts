import { verifyEd25519Plain } from '#platform'

export const PUBLIC_KEY_BYTES = 32
export const SIGNATURE_BYTES = 64

/** p = 2^255 − 19 and L, the order of the base point (RFC 8032, section 5.1). */
const P = (1n << 255n) - 19n
const L = (1n << 252n) + 27742317777372353535851937790883648493n
const Y_MASK = (1n << 255n) - 1n

/** The y coordinates of the eight points whose order divides 8. */
const SMALL_ORDER_Y: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  P - 1n,
  littleEndian(fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a')),
  littleEndian(fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05')),
])

/** Whether the bytes are the one encoding of a point that is not of small order. */
export function isStrongPoint(bytes: Uint8Array): boolean {
  if (bytes.length !== PUBLIC_KEY_BYTES) return false
  const y = littleEndian(bytes) & Y_MASK
  return y < P && !SMALL_ORDER_Y.has(y)
}

/**
 * Ed25519 as in RFC 8032, section 5.1.7, without the cofactor, and strict: S < L, and neither the key
 * nor R may be a non-canonical encoding or a point of small order.
 */
export async function verifyEd25519(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  if (signature.length !== SIGNATURE_BYTES) return false
  if (!isStrongPoint(publicKey) || !isStrongPoint(signature.subarray(0, 32))) return false
  if (littleEndian(signature.subarray(32)) >= L) return false
  return verifyEd25519Plain(publicKey, message, signature)
}

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n
  for (let index = bytes.length - 1; index >= 0; index -= 1) {
    value = (value << 8n) | BigInt(bytes[index] as number)
  }
  return value
}

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
}
