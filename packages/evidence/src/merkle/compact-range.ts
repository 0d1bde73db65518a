import { EMPTY_ROOT, nodeHash } from './hash.js'
import { subtreesOf } from './subtrees.js'

/**
 * What has to be remembered of a tree of `size` leaves to append to it and to know its root: the
 * hashes of the largest aligned subtrees that cover it, at most one per bit of the size.
 */
export class CompactRange {
  readonly #heights: number[] = []
  readonly #hashes: Uint8Array[] = []
  #size = 0n

  /** `hashes`: of the subtrees that cover [0, size), largest first. Throws RangeError on another count. */
  static from(size: bigint, hashes: readonly Uint8Array[]): CompactRange {
    const subtrees = subtreesOf(0n, size)
    if (subtrees.length !== hashes.length) {
      throw new RangeError(`${size} leaves are covered by ${subtrees.length} subtrees`)
    }
    const range = new CompactRange()
    range.#heights.push(...subtrees.map(({ height }) => height))
    range.#hashes.push(...hashes)
    range.#size = size
    return range
  }

  get size(): bigint {
    return this.#size
  }

  /** Hashes of the subtrees that cover [0, size), largest first. */
  get hashes(): readonly Uint8Array[] {
    return this.#hashes
  }

  append(leaf: Uint8Array): void {
    this.#push(0, leaf)
    this.#size += 1n
  }

  /** Appends 2^height leaves by their hash. Throws RangeError where such a subtree cannot begin. */
  appendSubtree(height: number, hash: Uint8Array): void {
    const width = 1n << BigInt(height)
    if (this.#size % width !== 0n) throw new RangeError('a subtree cannot begin here')
    this.#push(height, hash)
    this.#size += width
  }

  root(): Uint8Array {
    let root = this.#hashes.at(-1) ?? EMPTY_ROOT
    for (let index = this.#hashes.length - 2; index >= 0; index -= 1) {
      root = nodeHash(this.#hashes[index] as Uint8Array, root)
    }
    return root
  }

  copy(): CompactRange {
    return CompactRange.from(this.#size, this.#hashes)
  }

  #push(height: number, hash: Uint8Array): void {
    let at = height
    let merged = hash
    while (this.#heights.at(-1) === at) {
      merged = nodeHash(this.#hashes.pop() as Uint8Array, merged)
      this.#heights.pop()
      at += 1
    }
    this.#heights.push(at)
    this.#hashes.push(merged)
  }
}
