import { setImmediate } from 'node:timers/promises'
import type { Paced } from '../domain/check.js'

/** Longest time one request computes while others wait. */
const SLICE_MS = 8

/**
 * Runs paced work in slices, letting other requests run between them, and stops when nobody waits for
 * the result any more. Short work, which is nearly all, finishes in its first slice.
 */
export async function runInSlices<T>(work: Paced<T>, signal: AbortSignal): Promise<T> {
  let sliceEndsAt = performance.now() + SLICE_MS
  for (;;) {
    const step = work.next()
    if (step.done) return step.value
    if (performance.now() < sliceEndsAt) continue
    await setImmediate()
    signal.throwIfAborted()
    sliceEndsAt = performance.now() + SLICE_MS
  }
}
