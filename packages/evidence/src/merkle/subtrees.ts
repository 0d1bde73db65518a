/** A subtree with 2^height leaves whose first one has a multiple of that as its position. */
export interface Subtree {
  readonly height: number
  /** Position among the subtrees of this height. */
  readonly index: bigint
}

/** Largest aligned subtrees that cover [begin, end), left to right. */
export function subtreesOf(begin: bigint, end: bigint): Subtree[] {
  const subtrees: Subtree[] = []
  let position = begin
  while (position < end) {
    const height = heightAt(position, end - position)
    subtrees.push({ height, index: position >> BigInt(height) })
    position += 1n << BigInt(height)
  }
  return subtrees
}

function heightAt(position: bigint, room: bigint): number {
  let height = 0
  for (let width = 2n; position % width === 0n && width <= room; width *= 2n) height += 1
  return height
}

/** The largest power of two below `size`, where RFC 6962 splits a tree of that many leaves. */
export function splitOf(size: bigint): bigint {
  let split = 1n
  while (split * 2n < size) split *= 2n
  return split
}
