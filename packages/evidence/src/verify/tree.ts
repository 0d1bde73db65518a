import { equalBytes } from '../merkle/hash.js'
import { closeRange, openRange } from '../merkle/proof.js'
import type { Checkpoint } from '../note/checkpoint.js'
import type { Findings } from './findings.js'
import type { Manifest } from './manifest.js'
import { RANGE, type Surroundings } from './range-proof.js'

/** The tree as consecutive records make it (SPEC.md, section 4). */
export interface Tree {
  /** The next record. `isSound`: nothing is wrong with it. */
  append(seq: bigint, leaf: Uint8Array | undefined, isSound: boolean): void
  /** Root of the first `size` leaves when it is one of `sizes`; undefined when they are not known. */
  rootAt(size: bigint): Uint8Array | undefined
  /** Compares the root with the one of the checkpoint. Whether they are equal. */
  check(checkpoint: Checkpoint): boolean
}

/**
 * The tree of a full bundle or of a range with what surrounds it. A root over records of which one is
 * broken, missing or elsewhere says nothing more than that, and is not compared.
 */
export function createTree(
  manifest: Manifest,
  { left, right }: Surroundings,
  sizes: readonly bigint[],
  findings: Findings,
): Tree {
  const { kind, treeSize } = manifest
  const range = openRange(manifest.range?.first ?? 0n, left)
  const wanted = new Set(sizes)
  const roots = new Map<bigint, Uint8Array>()
  let isBroken = false
  return {
    append: (seq, leaf, isSound) => {
      if (!leaf || !isSound || (range && seq !== range.size)) isBroken = true
      if (isBroken || !range || !leaf) return
      range.append(leaf)
      if (wanted.has(range.size)) roots.set(range.size, range.root())
    },
    rootAt: (size) => roots.get(size),
    check: ({ root }) => {
      if (isBroken || (range && range.size !== (manifest.range?.end ?? treeSize))) return false
      const found = range && closeRange(range, treeSize, right)
      if (found && equalBytes(found, root)) return true
      const restsOn = ['records.jsonl', 'checkpoint.note']
      if (kind === 'full') {
        const place = { member: 'records.jsonl' }
        findings.add('root_mismatch', 'the records do not lead to the root', place, restsOn)
      } else {
        findings.add('range_proof', 'does not lead to the root', { member: RANGE }, restsOn)
      }
      return false
    },
  }
}
