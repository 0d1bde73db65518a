import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CompactRange } from './compact-range.js'
import { EMPTY_ROOT, leafHash, nodeHash } from './hash.js'
import {
  closeRange,
  consistencyProof,
  inclusionProof,
  isConsistent,
  openRange,
  rangeProof,
  rootFromInclusion,
  type SubtreeReader,
} from './proof.js'
import { createTileSubtreeReader, TILE_WIDTH, tileRoot } from './tiles.js'

const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex')

/** MTH of RFC 6962, section 2.1, word for word. */
function naiveRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return EMPTY_ROOT
  if (leaves.length === 1) return leaves[0] as Uint8Array
  let k = 1
  while (k * 2 < leaves.length) k *= 2
  return nodeHash(naiveRoot(leaves.slice(0, k)), naiveRoot(leaves.slice(k)))
}

/** PATH of RFC 6962, section 2.1.1. */
function naivePath(m: number, leaves: readonly Uint8Array[]): Uint8Array[] {
  if (leaves.length === 1) return []
  let k = 1
  while (k * 2 < leaves.length) k *= 2
  return m < k
    ? [...naivePath(m, leaves.slice(0, k)), naiveRoot(leaves.slice(k))]
    : [...naivePath(m - k, leaves.slice(k)), naiveRoot(leaves.slice(0, k))]
}

/** SUBPROOF of RFC 6962, section 2.1.2. */
function naiveSubproof(m: number, leaves: readonly Uint8Array[], isWhole: boolean): Uint8Array[] {
  const n = leaves.length
  if (m === n) return isWhole ? [] : [naiveRoot(leaves)]
  let k = 1
  while (k * 2 < n) k *= 2
  return m <= k
    ? [...naiveSubproof(m, leaves.slice(0, k), isWhole), naiveRoot(leaves.slice(k))]
    : [...naiveSubproof(m - k, leaves.slice(k), false), naiveRoot(leaves.slice(0, k))]
}

const leavesOf = (count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, index) => leafHash(Buffer.from(`leaf ${index}`)))

const readerOf =
  (leaves: readonly Uint8Array[]): SubtreeReader =>
  async ({ height, index }) => {
    const width = 2 ** height
    const subtree = leaves.slice(Number(index) * width, (Number(index) + 1) * width)
    if (subtree.length !== width) throw new Error('the subtree is not full')
    return naiveRoot(subtree)
  }

const MAX = 70
const all = leavesOf(MAX)

describe('known answers', () => {
  // Leaves and roots of the Certificate Transparency reference tests (RFC 6962 trees).
  const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657']
  const roots = [
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
    '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  ]

  test('the empty tree', () => {
    expect(hex(EMPTY_ROOT)).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
    expect(hex(new CompactRange().root())).toBe(hex(EMPTY_ROOT))
  })

  test.each(roots.map((root, index) => [index + 1, root] as const))('%i leaves', (count, root) => {
    const range = new CompactRange()
    for (const input of inputs.slice(0, count)) range.append(leafHash(Buffer.from(input, 'hex')))
    expect(hex(range.root())).toBe(root)
  })
})

describe('against the recursive definition', () => {
  test('roots and what has to be remembered of every size', () => {
    const range = new CompactRange()
    for (let size = 0; size <= MAX; size += 1) {
      expect(hex(range.root())).toBe(hex(naiveRoot(all.slice(0, size))))
      const resumed = CompactRange.from(BigInt(size), range.hashes)
      resumed.append(all[0] as Uint8Array)
      expect(hex(resumed.root())).toBe(
        hex(naiveRoot([...all.slice(0, size), all[0] as Uint8Array])),
      )
      if (size < MAX) range.append(all[size] as Uint8Array)
    }
  })

  test('inclusion proofs are the ones of the RFC, and lead to the root', async () => {
    for (let size = 1; size <= MAX; size += 1) {
      const leaves = all.slice(0, size)
      for (let sequence = 0; sequence < size; sequence += 1) {
        const hashes = await inclusionProof(BigInt(sequence), BigInt(size), readerOf(leaves))
        expect(hashes.map(hex)).toEqual(naivePath(sequence, leaves).map(hex))
        const leaf = leaves[sequence] as Uint8Array
        const at = { leaf, sequence: BigInt(sequence), size: BigInt(size) }
        expect(hex(rootFromInclusion({ ...at, hashes }))).toBe(hex(naiveRoot(leaves)))
        expect(rootFromInclusion({ ...at, hashes: [...hashes, leaf] })).toBeUndefined()
        if (hashes.length > 0) {
          expect(rootFromInclusion({ ...at, hashes: hashes.slice(1) })).toBeUndefined()
        }
      }
    }
  })

  test('consistency proofs are the ones of the RFC, and hold for no other pair', async () => {
    for (let to = 1; to <= MAX; to += 1) {
      const leaves = all.slice(0, to)
      for (let from = 1; from <= to; from += 1) {
        const hashes = await consistencyProof(BigInt(from), BigInt(to), readerOf(leaves))
        expect(hashes.map(hex)).toEqual(naiveSubproof(from, leaves, true).map(hex))
        const proof = {
          from: BigInt(from),
          fromRoot: naiveRoot(all.slice(0, from)),
          to: BigInt(to),
          toRoot: naiveRoot(leaves),
          hashes,
        }
        expect(isConsistent(proof)).toBe(true)
        expect(isConsistent({ ...proof, hashes: [...hashes, EMPTY_ROOT] })).toBe(false)
        expect(isConsistent({ ...proof, fromRoot: leafHash(proof.fromRoot) })).toBe(false)
        expect(isConsistent({ ...proof, toRoot: leafHash(proof.toRoot) })).toBe(false)
        if (hashes.length > 0) {
          expect(isConsistent({ ...proof, hashes: hashes.slice(1) })).toBe(false)
        }
      }
    }
  })

  test('any proof with a changed bit fails', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: MAX }),
        fc.nat(),
        fc.nat(),
        fc.nat(255),
        async (size, pick, which, bit) => {
          const leaves = all.slice(0, size)
          const sequence = BigInt(pick % size)
          const at = { leaf: leaves[pick % size] as Uint8Array, sequence, size: BigInt(size) }
          const hashes = await inclusionProof(sequence, at.size, readerOf(leaves))
          const target = Uint8Array.from(hashes[which % hashes.length] as Uint8Array)
          target[bit >> 3] = (target[bit >> 3] as number) ^ (1 << (bit & 7))
          const changed = hashes.with(which % hashes.length, target)
          expect(hex(rootFromInclusion({ ...at, hashes: changed }))).not.toBe(
            hex(naiveRoot(leaves)),
          )
        },
      ),
    )
  })

  test('a range and what is left and right of it give the root', async () => {
    await fc.assert(
      fc.asyncProperty(fc.tuple(fc.nat(MAX), fc.nat(MAX), fc.nat(MAX)), async (places) => {
        const [first = 0, end = 0, size = 0] = [...places].sort((a, b) => a - b)
        const place = { first: BigInt(first), end: BigInt(end), size: BigInt(size) }
        const { left, right } = await rangeProof(place, readerOf(all.slice(0, size)))
        const range = openRange(place.first, left)
        for (const leaf of all.slice(first, end)) range?.append(leaf)
        const root = range && closeRange(range, place.size, right)
        expect(hex(root)).toBe(hex(naiveRoot(all.slice(0, size))))
        expect(openRange(place.first, [...left, EMPTY_ROOT])).toBeUndefined()
        expect(range && closeRange(range, place.size, [...right, EMPTY_ROOT])).toBeUndefined()
      }),
    )
  })
})

describe('tiles', () => {
  test('a reader over tiles gives the proofs of a tree of several levels, in few reads', async () => {
    const size = 3 * TILE_WIDTH * TILE_WIDTH + 5 * TILE_WIDTH + 77
    const levels: Uint8Array[][] = [leavesOf(size)]
    for (const below of levels) {
      if (below.length < TILE_WIDTH) break
      const above: Uint8Array[] = []
      for (let begin = 0; begin + TILE_WIDTH <= below.length; begin += TILE_WIDTH) {
        above.push(tileRoot(Buffer.concat(below.slice(begin, begin + TILE_WIDTH))))
      }
      levels.push(above)
    }
    const range = new CompactRange()
    for (const leaf of levels[0] ?? []) range.append(leaf)
    let reads = 0
    const reader = () =>
      createTileSubtreeReader(async (level, index) => {
        reads += 1
        const begin = Number(index) * TILE_WIDTH
        return Buffer.concat(levels[level]?.slice(begin, begin + TILE_WIDTH) ?? [])
      })
    for (const sequence of [0, 255, 256, 65_535, 65_536, 131_072, size - 1]) {
      reads = 0
      const at = {
        leaf: levels[0]?.[sequence] as Uint8Array,
        sequence: BigInt(sequence),
        size: BigInt(size),
      }
      const hashes = await inclusionProof(at.sequence, at.size, reader())
      expect(hex(rootFromInclusion({ ...at, hashes }))).toBe(hex(range.root()))
      expect(reads).toBeLessThanOrEqual(6)
    }
  })

  test('a tile that is too short is an error, not a wrong hash', async () => {
    const read = createTileSubtreeReader(async () => new Uint8Array(32))
    await expect(read({ height: 1, index: 0n })).rejects.toThrow('a tile is too short')
  })
})
