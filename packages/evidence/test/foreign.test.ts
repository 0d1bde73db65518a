import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { createRequire } from 'node:module'
import { RFC9162 } from '@transmute/rfc9162'
import { describe, expect, test } from 'vitest'
import {
  CompactRange,
  consistencyProof,
  createVerifierKey,
  formatCheckpoint,
  inclusionProof,
  isConsistent,
  leafHash,
  nodeHash,
  readCheckpoint,
  rootFromInclusion,
  signNote,
  type SubtreeReader,
} from '../src/index.js'

// Implementations that nobody here wrote: sigstore's verifier of transparency logs, which has no
// public entry for its parts, and one of RFC 9162. What we make they accept, and what they make we do.
const require = createRequire(import.meta.url)
interface Entry {
  readonly canonicalizedBody: Buffer
  readonly inclusionProof: {
    readonly logIndex: string
    readonly hashes: readonly Buffer[]
    readonly checkpoint: { readonly envelope: string }
  }
}
interface Checkpoint {
  readonly logSize: bigint
  readonly logHash: Buffer
}
const { verifyMerkleInclusion } = require('@sigstore/verify/dist/tlog/merkle.js') as {
  verifyMerkleInclusion: (entry: Entry, checkpoint: Checkpoint) => void
}
const { verifyCheckpoint } = require('@sigstore/verify/dist/tlog/checkpoint.js') as {
  verifyCheckpoint: (
    entry: Entry,
    logs: readonly { logID: Buffer; baseURL: string; publicKey: KeyObject }[],
  ) => Checkpoint
}

const ORIGIN =
  'example.com/0199c1d2-0000-7000-8000-000000000001/0199c1d2-0000-7000-8000-00000000000a'
const { privateKey } = generateKeyPairSync('ed25519')
const publicKey = createPublicKey(privateKey)
const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32)
const signer = {
  ...createVerifierKey(ORIGIN, raw),
  sign: (message: Uint8Array) => sign(null, message, privateKey),
}
const logs = [{ logID: Buffer.from(signer.id, 'hex'), baseURL: ORIGIN, publicKey }]

const records = Array.from({ length: 70 }, (_, index) => Buffer.from(`{"seq":"${index}"}`))

const readerOf =
  (count: number): SubtreeReader =>
  async ({ height, index }) => {
    let row: Uint8Array[] = records
      .slice(Number(index) * 2 ** height, Math.min(count, (Number(index) + 1) * 2 ** height))
      .map(leafHash)
    while (row.length > 1) {
      row = Array.from({ length: row.length / 2 }, (_, at) =>
        nodeHash(row[2 * at] as Uint8Array, row[2 * at + 1] as Uint8Array),
      )
    }
    return row[0] as Uint8Array
  }

function rootOf(count: number): Uint8Array {
  const range = new CompactRange()
  for (const record of records.slice(0, count)) range.append(leafHash(record))
  return range.root()
}

const noteOf = (count: number): string =>
  signNote(formatCheckpoint({ origin: ORIGIN, size: BigInt(count), root: rootOf(count) }), [signer])

async function entryOf(sequence: number, count: number): Promise<Entry> {
  const hashes = await inclusionProof(BigInt(sequence), BigInt(count), readerOf(count))
  return {
    canonicalizedBody: records[sequence] as Buffer,
    inclusionProof: {
      logIndex: String(sequence),
      hashes: hashes.map((hash) => Buffer.from(hash)),
      checkpoint: { envelope: noteOf(count) },
    },
  }
}

describe('sigstore', () => {
  test('accepts our checkpoints and inclusion proofs, at every size', async () => {
    for (let count = 1; count <= records.length; count += 1) {
      for (const sequence of [0, Math.floor(count / 2), count - 1]) {
        const entry = await entryOf(sequence, count)
        const checkpoint = verifyCheckpoint(entry, logs)
        expect(checkpoint.logSize).toBe(BigInt(count))
        verifyMerkleInclusion(entry, checkpoint)
      }
    }
  })

  test('refuses what we refuse', async () => {
    const entry = await entryOf(5, 40)
    const checkpoint = verifyCheckpoint(entry, logs)
    const other = await entryOf(6, 40)
    const moved = { ...entry, inclusionProof: { ...entry.inclusionProof, logIndex: '6' } }
    const borrowed = { ...entry, inclusionProof: other.inclusionProof }
    for (const wrong of [moved, borrowed, { ...entry, canonicalizedBody: Buffer.from('{}') }]) {
      expect(() => {
        verifyMerkleInclusion(wrong, checkpoint)
      }).toThrow()
    }
    const forged = { checkpoint: { envelope: noteOf(40).replace('\n40\n', '\n41\n') } }
    expect(() =>
      verifyCheckpoint({ ...entry, inclusionProof: { ...entry.inclusionProof, ...forged } }, logs),
    ).toThrow()
  })
})

describe('RFC 9162, by another hand', () => {
  test('has the same roots and the same proofs', async () => {
    for (const count of [1, 2, 3, 7, 8, 9, 31, 64, 65, 70]) {
      const entries = records.slice(0, count)
      expect(Buffer.from(await RFC9162.treeHead(entries))).toEqual(Buffer.from(rootOf(count)))
      const theirs = await RFC9162.inclusionProof(entries[count >> 1] as Buffer, entries)
      const reached = rootFromInclusion({
        leaf: leafHash(entries[count >> 1] as Buffer),
        sequence: BigInt(count >> 1),
        size: BigInt(count),
        hashes: theirs.inclusion_path,
      })
      expect(reached && Buffer.from(reached)).toEqual(Buffer.from(rootOf(count)))
      const ours = await inclusionProof(BigInt(count >> 1), BigInt(count), readerOf(count))
      const proof = { ...theirs, inclusion_path: ours }
      const leaf = leafHash(entries[count >> 1] as Buffer)
      expect(await RFC9162.verifyInclusionProof(rootOf(count), leaf, proof)).toBe(true)
    }
  })

  // For a power of two the package keeps the first root in its proofs, where the RFC leaves it out.
  test.each([
    [3, 7],
    [3, 70],
    [5, 64],
    [33, 65],
    [69, 70],
  ])('consistency of %i with %i is proven both ways', async (from, to) => {
    const entries = records.slice(0, to)
    const before = await RFC9162.inclusionProof(records[0] as Buffer, records.slice(0, from))
    const theirs = await RFC9162.consistencyProof(before, entries)
    const sizes = { from: BigInt(from), to: BigInt(to) }
    const roots = { fromRoot: rootOf(from), toRoot: rootOf(to) }
    expect(isConsistent({ ...sizes, ...roots, hashes: theirs.consistency_path })).toBe(true)
    const ours = await consistencyProof(sizes.from, sizes.to, readerOf(to))
    const proof = { ...theirs, consistency_path: ours }
    expect(await RFC9162.verifyConsistencyProof(roots.fromRoot, roots.toRoot, proof)).toBe(true)
  })
})

test('what we read of our own note is what sigstore reads', async () => {
  const { size, root } = readCheckpoint(noteOf(17))
  const theirs = verifyCheckpoint(await entryOf(0, 17), logs)
  expect([theirs.logSize, theirs.logHash]).toEqual([size, Buffer.from(root)])
})
