import {
  CompactRange,
  createTileSubtreeReader,
  leafHash,
  type SubtreeReader,
  subtreesOf,
  TILE_WIDTH,
  tileRoot,
} from '@lexcustis/evidence'
import type { StoredBytes, Tile, TreeView } from './ports.js'

const WIDTH = BigInt(TILE_WIDTH)

/**
 * Reads subtrees for proofs about these positions in a tree of `size` leaves. All tiles that such a
 * proof may need are asked for at once: at most two a level and position.
 */
export function proofReader(
  view: Pick<TreeView, 'tile'>,
  size: bigint,
  positions: readonly bigint[],
): SubtreeReader {
  const asked = new Map<string, Promise<Uint8Array>>()
  const tileAt = async (level: number, index: bigint): Promise<Uint8Array> => {
    const key = `${level}/${index}`
    const atMost = wanted(size, level, index)
    const tile = asked.get(key) ?? view.tile(level, index, { leaves: 'stored', atMost })
    asked.set(key, tile)
    return tile
  }
  for (let level = 0, entries = size, at = positions; entries > 0n; level += 1, entries /= WIDTH) {
    at = at.map((position) => position / WIDTH)
    // One that is not needed after all may fail without consequence.
    for (const index of [...at, (entries - 1n) / WIDTH]) tileAt(level, index).catch(() => undefined)
  }
  return createTileSubtreeReader(tileAt)
}

/** Reads subtrees of the tree of `size` leaves from stored tiles and from the bytes of records. */
export function subtreeReader(view: Pick<TreeView, 'tile'>, size: bigint): SubtreeReader {
  return createTileSubtreeReader(async (level, index) =>
    view.tile(level, index, { atMost: wanted(size, level, index) }),
  )
}

/** Entries of a tile that the tree of `size` leaves fills. */
function wanted(size: bigint, level: number, index: bigint): number {
  const entries = size / WIDTH ** BigInt(level) - index * WIDTH
  return entries < WIDTH ? Number(entries) : TILE_WIDTH
}

/** The first `size` leaves of a log. Throws RangeError when there are fewer. */
export async function rangeAt(view: Pick<TreeView, 'tile'>, size: bigint): Promise<CompactRange> {
  const read = subtreeReader(view, size)
  const hashes: Uint8Array[] = []
  for (const subtree of subtreesOf(0n, size)) hashes.push(await read(subtree))
  return CompactRange.from(size, hashes)
}

/**
 * A growing tree that hands over each tile as it becomes full. Between two tiles it remembers at most
 * 255 hashes a level.
 */
export class LogTree {
  /** Entries of the tile that is not full yet, per level. */
  readonly #edges: Uint8Array[][]
  #full: Tile[] = []

  private constructor(
    private readonly range: CompactRange,
    edges: Uint8Array[][],
  ) {
    this.#edges = edges
  }

  static empty(): LogTree {
    return new LogTree(new CompactRange(), [])
  }

  /** Rebuilds the tree of the first `size` records from tiles and at most 255 leaves. */
  static async rebuild(view: Pick<TreeView, 'tile'>, size: bigint): Promise<LogTree> {
    const edges: Uint8Array[][] = []
    for (let level = 0, entries = size; entries > 0n; level += 1, entries /= WIDTH) {
      edges.push(split(await partial(view, level, entries)))
    }
    return new LogTree(await rangeAt(view, size), edges)
  }

  get size(): bigint {
    return this.range.size
  }

  root(): Uint8Array {
    return this.range.root()
  }

  /** Appends the next record by its bytes. Throws RangeError when it is not the next one. */
  append({ sequence, canonical }: StoredBytes): void {
    if (sequence !== this.size) throw new RangeError('a record is missing')
    const leaf = leafHash(canonical)
    this.#grow(0, this.size, leaf)
    this.range.append(leaf)
  }

  /** Tiles that became full since the last time. */
  takeFullTiles(): Tile[] {
    const tiles = this.#full
    this.#full = []
    return tiles
  }

  #grow(level: number, position: bigint, entry: Uint8Array): void {
    const edge = (this.#edges[level] ??= [])
    edge.push(entry)
    if (edge.length < TILE_WIDTH) return
    const hashes = Buffer.concat(edge)
    const root = tileRoot(hashes)
    const index = position / WIDTH
    this.#full.push({ level, index, hashes, root })
    this.#edges[level] = []
    this.#grow(level + 1, index, root)
  }
}

/** The entries of the last tile of a level that has this many in all. */
async function partial(
  view: Pick<TreeView, 'tile'>,
  level: number,
  entries: bigint,
): Promise<Uint8Array> {
  const count = Number(entries % WIDTH)
  if (count === 0) return new Uint8Array(0)
  const hashes = await view.tile(level, entries / WIDTH, { atMost: count })
  if (hashes.length < count * 32) throw new RangeError('a record is missing')
  return hashes.subarray(0, count * 32)
}

function split(hashes: Uint8Array): Uint8Array[] {
  return Array.from({ length: hashes.length / 32 }, (_, index) =>
    hashes.slice(index * 32, (index + 1) * 32),
  )
}
