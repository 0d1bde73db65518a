/**
 * What the verifier needs from where it runs. This file and `browser/platform.ts` export the same
 * names; which one `#platform` means is decided by the conditions of package.json, so that no other
 * file has to know.
 */
import { isUtf8 as isUtf8Bytes } from 'node:buffer'
import { createHash, createPublicKey, hash, verify } from 'node:crypto'
import { pipeline } from 'node:stream/promises'
import { createInflateRaw, crc32 as zlibCrc32 } from 'node:zlib'

/** SHA-256 of what comes in pieces. */
export interface Sha256 {
  update(bytes: Uint8Array): void
  digest(): Uint8Array
}

/** 32 bytes. */
export function sha256(bytes: Uint8Array): Buffer {
  return hash('sha256', bytes, 'buffer')
}

/**
 * As `sha256`, in memory shared with others: at half the cost, for what is not kept. A string of one
 * byte a character is made without an ArrayBuffer, which costs more than the hash of a small record.
 */
export function sha256Shared(bytes: Uint8Array): Buffer {
  return Buffer.from(hash('sha256', bytes, 'binary'), 'binary')
}

export function createSha256(): Sha256 {
  const state = createHash('sha256')
  return {
    update: (bytes) => {
      state.update(bytes)
    },
    digest: () => state.digest(),
  }
}

/** Ed25519 as the platform does it; what it is lenient about is refused before (`verifyEd25519`). */
export function verifyEd25519Plain(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean | Promise<boolean> {
  try {
    const x = Buffer.from(publicKey).toString('base64url')
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
    return verify(null, message, key, signature)
  } catch {
    // Bytes that encode no point of the curve.
    return false
  }
}

/** Bytes with any content. */
export function allocate(size: number): Buffer {
  return Buffer.allocUnsafe(size)
}

export function isUtf8(bytes: Uint8Array): boolean {
  return isUtf8Bytes(bytes)
}

/** Undefined when the bytes are not well-formed. A byte order mark stays in the text. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  return isUtf8Bytes(bytes) ? view(bytes).toString('utf8') : undefined
}

/** Every byte as the character of its value. For text known to be ASCII. */
export function decodeLatin1(bytes: Uint8Array): string {
  return view(bytes).toString('latin1')
}

export function encodeUtf8(text: string): Buffer {
  return Buffer.from(text)
}

/** Padded base64 of RFC 4648, section 4, in its one canonical form; else undefined. */
export function fromBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : undefined
}

export function toBase64(bytes: Uint8Array): string {
  return view(bytes).toString('base64')
}

export function toHex(bytes: Uint8Array): string {
  return view(bytes).toString('hex')
}

/** CRC-32 of zip, continued from `previous`. */
export function crc32(bytes: Uint8Array, previous: number): number {
  return zlibCrc32(bytes, previous)
}

/**
 * Inflates raw deflate (RFC 1951), no faster than the caller reads. Throws when the data is damaged,
 * ends early, or goes on after its end.
 */
export async function* inflateRaw(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  const inflate = createInflateRaw({ chunkSize: 256 * 1024 })
  let written = 0
  const counted = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      written += chunk.length
      yield chunk
    }
  }
  // An error of the source destroys the inflater, and so reaches who reads from it.
  const feeding = pipeline(counted, inflate).catch(() => undefined)
  try {
    for await (const chunk of inflate) yield chunk as Uint8Array
    await feeding
    if (inflate.bytesWritten !== written) throw new Error('data follows the end of the stream')
  } finally {
    inflate.destroy()
  }
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
