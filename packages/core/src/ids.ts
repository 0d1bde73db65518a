import { randomFillSync } from 'node:crypto'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** Lower-case text form of RFC 9562, any version. */
export function isUuid(value: string): boolean {
  return UUID.test(value)
}

export function isUuidV7(value: string): boolean {
  return UUID_V7.test(value)
}

let lastMs = 0
let counter = 0

const RANDOM_BYTES = 10
/** Asking for random bytes costs the same for one id and for hundreds. */
const pool = Buffer.allocUnsafe(400 * RANDOM_BYTES)
let poolAt = pool.length

/** The ten bytes for one id, which no other gets. */
function nextRandom(): Buffer {
  if (poolAt === pool.length) {
    randomFillSync(pool)
    poolAt = 0
  }
  poolAt += RANDOM_BYTES
  return pool.subarray(poolAt - RANDOM_BYTES, poolAt)
}

/**
 * A UUIDv7 (RFC 9562, section 5.7). Ids made by one process ascend: the 12 bits after the time are a
 * counter (method 1 of section 6.2), and a full counter or a clock set back borrows from the future.
 */
export function uuidv7(): string {
  const random = nextRandom()
  const nowMs = Date.now()
  if (nowMs > lastMs) {
    lastMs = nowMs
    counter = random.readUInt16BE(0) & 0x7ff
  } else if (++counter > 0xfff) {
    lastMs += 1
    counter = 0
  }
  const time = lastMs.toString(16).padStart(12, '0')
  const variant = (0x8000 | (random.readUInt16BE(2) & 0x3fff)).toString(16)
  const rand = random.toString('hex', 4)
  const seq = counter.toString(16).padStart(3, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${seq}-${variant}-${rand}`
}

/** The 16 bytes of a UUID. */
export function uuidBytes(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex')
}
