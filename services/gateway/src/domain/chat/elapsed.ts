/** Whole milliseconds between two times in microseconds; a clock that was set back counts as none. */
export function elapsedMs(fromMicros: bigint, toMicros: bigint): number {
  return Math.max(0, Math.round(Number(toMicros - fromMicros) / 1000))
}
