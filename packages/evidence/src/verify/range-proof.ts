import { decodeUtf8 } from '#platform'
import type { Findings } from './findings.js'
import { hasKeys, readJsonObject, readSequence } from './json-object.js'
import type { Manifest } from './manifest.js'
import type { MemberReader } from './member-reader.js'
import { readHashes } from './proofs.js'

export const RANGE = 'range.json'

const MAX_RANGE_BYTES = 64 * 1024

/** What stands left and right of the records of a bundle in the tree. */
export interface Surroundings {
  readonly left: readonly Uint8Array[]
  readonly right: readonly Uint8Array[]
}

/** Undefined when it is not there, or not about this range of this tree. */
export async function readRangeProof(
  members: MemberReader,
  { range, treeSize }: Manifest,
  findings: Findings,
): Promise<Surroundings | undefined> {
  const bytes = await members.whole(RANGE, MAX_RANGE_BYTES)
  if (!bytes) return undefined
  const place = { member: RANGE }
  const proof = parse(bytes)
  if (!proof) {
    findings.add('member_malformed', 'is not {first, end, size, left, right}', place)
    return undefined
  }
  const { first, end, size } = proof
  if (first !== range?.first || end !== range.end || size !== treeSize) {
    findings.add('range_proof', 'is about another range than the manifest', place)
    return undefined
  }
  return proof
}

type RangeProof = Surroundings & Readonly<Record<'first' | 'end' | 'size', bigint>>

function parse(bytes: Uint8Array): RangeProof | undefined {
  const text = decodeUtf8(bytes)
  const value = text === undefined ? undefined : readJsonObject(text)
  if (!value || !hasKeys(value, ['first', 'end', 'size', 'left', 'right'])) return undefined
  const left = readHashes(value['left'])
  const right = readHashes(value['right'])
  const [first, end, size] = [value['first'], value['end'], value['size']].map(readSequence)
  if (first === undefined || end === undefined || size === undefined) return undefined
  return left && right && { first, end, size, left, right }
}
