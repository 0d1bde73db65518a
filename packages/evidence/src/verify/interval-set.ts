/** Sequences from `first` to `last`, both within. */
export interface Interval {
  readonly first: bigint
  readonly last: bigint
}

/** Whether a sequence lies in one of the intervals, in logarithmic time. */
export function createIntervalSet(intervals: readonly Interval[]): (sequence: bigint) => boolean {
  const merged: { first: bigint; last: bigint }[] = []
  for (const { first, last } of [...intervals].sort((a, b) => compare(a.first, b.first))) {
    const before = merged.at(-1)
    if (!before || first > before.last) merged.push({ first, last })
    else if (last > before.last) before.last = last
  }
  return (sequence) => {
    let low = 0
    let high = merged.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((merged[middle] as Interval).last < sequence) low = middle + 1
      else high = middle
    }
    const found = merged[low]
    return found !== undefined && found.first <= sequence
  }
}

function compare(a: bigint, b: bigint): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
