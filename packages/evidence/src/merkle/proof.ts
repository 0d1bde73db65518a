import { CompactRange } from './compact-range.js'
import { equalBytes, HASH_BYTES, nodeHash } from './hash.js'
import { splitOf, type Subtree, subtreesOf } from './subtrees.js'

/** Hash of a subtree that is full: all its 2^height leaves are in the tree. */
export type SubtreeReader = (subtree: Subtree) => Promise<Uint8Array>

/** RFC 6962, section 2.1.1: the audit path of a leaf in a tree, the leaf's sibling first. */
export async function inclusionProof(
  sequence: bigint,
  size: bigint,
  read: SubtreeReader,
): Promise<Uint8Array[]> {
  if (sequence < 0n || sequence >= size) throw new RangeError('the leaf is not in the tree')
  const path: Uint8Array[] = []
  let begin = 0n
  let end = size
  while (end - begin > 1n) {
    const middle = begin + splitOf(end - begin)
    if (sequence < middle) {
      path.unshift(await rootOf(middle, end, read))
      end = middle
    } else {
      path.unshift(await rootOf(begin, middle, read))
      begin = middle
    }
  }
  return path
}

/** RFC 6962, section 2.1.2: that the tree of `from` leaves is the beginning of the one of `to`. */
export async function consistencyProof(
  from: bigint,
  to: bigint,
  read: SubtreeReader,
): Promise<Uint8Array[]> {
  if (from < 1n || from > to) throw new RangeError('the earlier tree is not within the later one')
  const proof: Uint8Array[] = []
  let begin = 0n
  let end = to
  // Whether what is left of the earlier tree begins where the earlier tree does.
  let isWhole = true
  while (from !== end) {
    const middle = begin + splitOf(end - begin)
    if (from <= middle) {
      proof.unshift(await rootOf(middle, end, read))
      end = middle
    } else {
      proof.unshift(await rootOf(begin, middle, read))
      begin = middle
      isWhole = false
    }
  }
  if (!isWhole) proof.unshift(await rootOf(begin, end, read))
  return proof
}

/** Hash of [begin, end), where begin is a multiple of a power of two not below its width. */
async function rootOf(begin: bigint, end: bigint, read: SubtreeReader): Promise<Uint8Array> {
  const hashes: Uint8Array[] = []
  for (const subtree of subtreesOf(begin, end)) hashes.push(await read(subtree))
  return hashes.reduceRight((right, left) => nodeHash(left, right))
}

/**
 * The root that an audit path leads to, or undefined when it has the wrong length (RFC 9162, section
 * 2.1.3.2). The caller compares it with a root that it trusts.
 */
export function rootFromInclusion(proof: {
  readonly leaf: Uint8Array
  readonly sequence: bigint
  readonly size: bigint
  readonly hashes: readonly Uint8Array[]
}): Uint8Array | undefined {
  const { leaf, sequence, size, hashes } = proof
  if (sequence < 0n || sequence >= size || !areHashes(hashes)) return undefined
  let root = leaf
  const isComplete = climb(sequence, size - 1n, hashes, (hash, isLeft) => {
    root = isLeft ? nodeHash(hash, root) : nodeHash(root, hash)
  })
  return isComplete ? root : undefined
}

export interface Consistency {
  readonly from: bigint
  readonly fromRoot: Uint8Array
  readonly to: bigint
  readonly toRoot: Uint8Array
  readonly hashes: readonly Uint8Array[]
}

/** Whether the proof shows that one tree is the beginning of the other (RFC 9162, section 2.1.4.2). */
export function isConsistent({ from, fromRoot, to, toRoot, hashes }: Consistency): boolean {
  if (from < 1n || from > to || !areHashes(hashes)) return false
  if (from === to) return hashes.length === 0 && equalBytes(fromRoot, toRoot)
  // A full earlier tree is a node of the later one, and a proof leaves it out.
  const [seed, ...rest] = isPowerOfTwo(from) ? [fromRoot, ...hashes] : hashes
  return seed !== undefined && leadsToBoth(seed, rest, { from, fromRoot, to, toRoot })
}

function leadsToBoth(
  seed: Uint8Array,
  rest: readonly Uint8Array[],
  { from, fromRoot, to, toRoot }: Omit<Consistency, 'hashes'>,
): boolean {
  let position = from - 1n
  let last = to - 1n
  while (isOdd(position)) {
    position >>= 1n
    last >>= 1n
  }
  let earlier = seed
  let later = seed
  const isComplete = climb(position, last, rest, (hash, isLeft) => {
    if (isLeft) earlier = nodeHash(hash, earlier)
    later = isLeft ? nodeHash(hash, later) : nodeHash(later, hash)
  })
  return isComplete && equalBytes(earlier, fromRoot) && equalBytes(later, toRoot)
}

/**
 * Goes from a node up to the root, one hash a step, and says on which side each hash stands. False
 * when there are too few or too many.
 */
function climb(
  from: bigint,
  lastOfLevel: bigint,
  hashes: readonly Uint8Array[],
  step: (hash: Uint8Array, isLeft: boolean) => void,
): boolean {
  let position = from
  let last = lastOfLevel
  for (const hash of hashes) {
    if (last === 0n) return false
    const isLeft = isOdd(position) || position === last
    step(hash, isLeft)
    // The last node of a level may have no sibling there: it rises until it has one.
    while (isLeft && !isOdd(position) && position !== 0n) {
      position >>= 1n
      last >>= 1n
    }
    position >>= 1n
    last >>= 1n
  }
  return last === 0n
}

/** Hashes of the subtrees left and right of [first, end) in a tree of `size` leaves. */
export async function rangeProof(
  { first, end, size }: { readonly first: bigint; readonly end: bigint; readonly size: bigint },
  read: SubtreeReader,
): Promise<{ readonly left: Uint8Array[]; readonly right: Uint8Array[] }> {
  if (first < 0n || first > end || end > size) throw new RangeError('the range is not in the tree')
  const all = async (begin: bigint, until: bigint): Promise<Uint8Array[]> => {
    const hashes: Uint8Array[] = []
    for (const subtree of subtreesOf(begin, until)) hashes.push(await read(subtree))
    return hashes
  }
  return { left: await all(0n, first), right: await all(end, size) }
}

/**
 * What stands before a range, ready for its leaves; undefined when the number of hashes is wrong.
 * After the last leaf, `closeRange` gives the root.
 */
export function openRange(first: bigint, left: readonly Uint8Array[]): CompactRange | undefined {
  if (!areHashes(left) || subtreesOf(0n, first).length !== left.length) return undefined
  return CompactRange.from(first, left)
}

/** The root of the tree of `size` leaves once the right side follows; undefined as in `openRange`. */
export function closeRange(
  range: CompactRange,
  size: bigint,
  right: readonly Uint8Array[],
): Uint8Array | undefined {
  const subtrees = subtreesOf(range.size, size)
  if (range.size > size || !areHashes(right) || subtrees.length !== right.length) return undefined
  const whole = range.copy()
  subtrees.forEach(({ height }, index) => {
    whole.appendSubtree(height, right[index] as Uint8Array)
  })
  return whole.root()
}

function areHashes(hashes: readonly Uint8Array[]): boolean {
  return hashes.every((hash) => hash.length === HASH_BYTES)
}

function isPowerOfTwo(value: bigint): boolean {
  return (value & (value - 1n)) === 0n
}

function isOdd(value: bigint): boolean {
  return (value & 1n) === 1n
}
