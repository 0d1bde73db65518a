/** Source of time in microseconds since 1970; tests bring their own. */
export interface Clock {
  nowMicros(): bigint
}

const MAX_DRIFT_MS = 2
let originMs = Date.now() - performance.now()

/** Wall clock with microseconds; follows a clock that is set, forwards or back. */
export const systemClock: Clock = {
  nowMicros() {
    const wallMs = Date.now()
    let nowMs = originMs + performance.now()
    if (Math.abs(nowMs - wallMs) > MAX_DRIFT_MS) {
      originMs = wallMs - performance.now()
      nowMs = wallMs
    }
    return BigInt(Math.round(nowMs * 1000))
  },
}

/** `2026-11-23T10:15:30.123456Z`: exactly six digits and Z. */
export function formatMicros(micros: bigint): string {
  const ms = Number(micros / 1000n)
  const rest = String(micros % 1000n).padStart(3, '0')
  return new Date(ms).toISOString().replace('Z', `${rest}Z`)
}

const TIMESTAMP = /^(\d{4})-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(\d{3})Z$/

/** Microseconds of a timestamp in the form above, or undefined when it is not one. */
export function parseMicros(text: string): bigint | undefined {
  const match = TIMESTAMP.exec(text)
  if (!match || match[1] === '0000') return undefined
  const ms = Date.parse(`${text.slice(0, 23)}Z`)
  // Date.parse rolls 30 February over; the round trip does not.
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 23) !== text.slice(0, 23)) {
    return undefined
  }
  return BigInt(ms) * 1000n + BigInt(match[2] ?? '0')
}
