import { HASH_BYTES, nodeHash } from './hash.js'
import type { SubtreeReader } from './proof.js'

/** Levels of the tree in one tile (C2SP tlog-tiles). */
export const TILE_HEIGHT = 8
/** Hashes in a full tile. */
export const TILE_WIDTH = 256

/** Hashes of a tile one after another, 32 bytes each: at least those of subtrees that are full. */
export type TileReader = (level: number, index: bigint) => Promise<Uint8Array>

/**
 * Reads any full subtree from tiles: a tile of level L holds hashes of subtrees of height 8·L. Throws
 * RangeError when a tile is shorter than it has to be. Tiles already read are kept, so make one
 * reader per proof.
 */
export function createTileSubtreeReader(readTile: TileReader): SubtreeReader {
  const known = new Map<string, Promise<Uint8Array>>()
  const tileAt = async (level: number, index: bigint): Promise<Uint8Array> => {
    const key = `${level}/${index}`
    const tile = known.get(key) ?? readTile(level, index)
    known.set(key, tile)
    return tile
  }
  return async ({ height, index }) => {
    const level = Math.floor(height / TILE_HEIGHT)
    const inner = BigInt(height % TILE_HEIGHT)
    const first = index << inner
    const tile = await tileAt(level, first / BigInt(TILE_WIDTH))
    return fold(tile, Number(first % BigInt(TILE_WIDTH)), 1 << Number(inner))
  }
}

/** Root of a full tile. */
export function tileRoot(tile: Uint8Array): Uint8Array {
  return fold(tile, 0, TILE_WIDTH)
}

/** Hash over `count` entries, a power of two, from an aligned place on. */
function fold(tile: Uint8Array, first: number, count: number): Uint8Array {
  if ((first + count) * HASH_BYTES > tile.length) throw new RangeError('a tile is too short')
  let row: Uint8Array[] = Array.from({ length: count }, (_, index) => {
    const begin = (first + index) * HASH_BYTES
    return tile.subarray(begin, begin + HASH_BYTES)
  })
  while (row.length > 1) {
    row = Array.from({ length: row.length / 2 }, (_, index) =>
      nodeHash(row[2 * index] as Uint8Array, row[2 * index + 1] as Uint8Array),
    )
  }
  return row[0] as Uint8Array
}
