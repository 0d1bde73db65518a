/** The same names as `src/platform/node.ts`, from what a browser has; bundled into verify.html. */
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js'

export interface Sha256 {
  update(bytes: Uint8Array): void
  digest(): Uint8Array
}

type Key = Awaited<ReturnType<typeof crypto.subtle.importKey>>

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

/** Not WebCrypto: that hashes only what is in memory as a whole, and only asynchronously. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return nobleSha256(bytes)
}

export const sha256Shared = sha256

export function createSha256(): Sha256 {
  const state = nobleSha256.create()
  return {
    update: (bytes) => {
      state.update(bytes)
    },
    digest: () => state.digest(),
  }
}

export async function verifyEd25519Plain(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  let key: Key
  try {
    key = await crypto.subtle.importKey('raw', own(publicKey), 'Ed25519', false, ['verify'])
  } catch (error) {
    // A browser without Ed25519 must not look like a signature that does not hold.
    if (error instanceof DOMException && error.name === 'NotSupportedError') throw error
    return false
  }
  return crypto.subtle.verify('Ed25519', key, own(signature), own(message))
}

export function allocate(size: number): Uint8Array {
  return new Uint8Array(size)
}

export function isUtf8(bytes: Uint8Array): boolean {
  return decodeUtf8(bytes) !== undefined
}

export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}

export function decodeLatin1(bytes: Uint8Array): string {
  let text = ''
  for (let begin = 0; begin < bytes.length; begin += CHUNK) {
    text += String.fromCharCode(...bytes.subarray(begin, begin + CHUNK))
  }
  return text
}

const CHUNK = 8_192

export function encodeUtf8(text: string): Uint8Array {
  return encoder.encode(text)
}

const CANONICAL_BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

export function fromBase64(text: string): Uint8Array | undefined {
  if (!CANONICAL_BASE64.test(text)) return undefined
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  // The unused bits of the last character must be zero: only that form is written again.
  return text.endsWith('=') && toBase64(bytes) !== text ? undefined : bytes
}

export function toBase64(bytes: Uint8Array): string {
  return btoa(decodeLatin1(bytes))
}

export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0')
  return text
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index
  for (let bit = 0; bit < 8; bit += 1) {
    value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  }
  return value >>> 0
})

export function crc32(bytes: Uint8Array, previous: number): number {
  let value = ~previous
  for (const byte of bytes) {
    value = (value >>> 8) ^ (CRC_TABLE[(value ^ byte) & 0xff] as number)
  }
  return ~value >>> 0
}

/** A browser's own stream refuses data after the end. */
export async function* inflateRaw(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  const { readable, writable } = new DecompressionStream('deflate-raw')
  const reader = (readable as ReadableStream<Uint8Array>).getReader()
  const writer = writable.getWriter()
  // An error of the writing side is seen by the reading side as well.
  const feeding = feed(source, writer).catch((error: unknown) => writer.abort(error))
  feeding.catch(() => undefined)
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      yield value
    }
    await feeding
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

async function feed(
  source: AsyncIterable<Uint8Array>,
  writer: WritableStreamDefaultWriter,
): Promise<void> {
  for await (const chunk of source) await writer.write(chunk)
  await writer.close()
}

/** A copy whose buffer is its own: WebCrypto takes no shared memory. */
function own(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes)
}
