import { decodeUtf8, fromBase64 } from '#platform'
import { equalBytes } from '../merkle/hash.js'
import { rootFromInclusion } from '../merkle/proof.js'
import type { Checkpoint } from '../note/checkpoint.js'
import type { Findings } from './findings.js'
import { hasKeys, isTextList, readJsonObject, readSequence } from './json-object.js'
import type { MemberReader } from './member-reader.js'

/** Whatever lies in the folder; of those that have their form, the sequence. */
const PATH = /^proofs\/(?:(\d+)\.json$)?/
const MAX_PROOF_BYTES = 64 * 1024

/** A record that has to have an audit path of its own. */
export interface LoneRecord {
  readonly seq: bigint
  readonly leaf: Uint8Array
  /** Its bytes are broken, and so is whatever would be calculated from them. */
  readonly isBroken: boolean
}

export interface Proofs {
  /** Members that are proofs, or lie where proofs do. */
  readonly count: number
  /** Records that were shown to be in the tree. */
  readonly proven: number
  /** Holds the audit path of a record against the checkpoint. */
  prove(record: LoneRecord): Promise<void>
  /** Proofs that no record asked for. `isLost`: the record may be one that cannot be read. */
  finish(isLost: (seq: bigint) => boolean): void
}

export function createProofs(
  members: MemberReader,
  checkpoint: Checkpoint | undefined,
  findings: Findings,
): Proofs {
  const unused = new Set([...members.listed.keys()].filter((path) => PATH.test(path)))
  const count = unused.size
  let proven = 0

  const prove = async ({ seq, leaf, isBroken }: LoneRecord): Promise<void> => {
    const member = `proofs/${seq}.json`
    const place = { seq, member }
    if (!unused.delete(member)) {
      // One that the manifest does not list, or that is not there, is reported as that.
      if (findings.isBroken(member)) return
      findings.add('proof_missing', 'has no inclusion proof', { seq }, ['records.jsonl'])
      return
    }
    const bytes = await members.whole(member, MAX_PROOF_BYTES)
    if (!bytes) return
    const proof = readProof(bytes)
    if (proof?.seq !== seq) {
      findings.add('proof_malformed', 'is not the inclusion proof of its record', place)
    } else if (!checkpoint || isBroken) {
      // That has been reported, and is not the fault of the proof.
    } else if (leadsTo(checkpoint, { ...proof, leaf })) {
      proven += 1
    } else {
      findings.add('inclusion', 'the proof does not lead to the root of the checkpoint', place, [
        'records.jsonl',
        'checkpoint.note',
      ])
    }
  }

  return {
    count,
    get proven() {
      return proven
    },
    prove,
    finish: (isLost) => {
      for (const member of unused) {
        const seq = readSequence(PATH.exec(member)?.[1])
        if (seq !== undefined && isLost(seq)) continue
        findings.add('proof_orphan', 'proves no record that needs it', { member }, [
          'records.jsonl',
        ])
      }
    },
  }
}

interface Proof {
  readonly seq: bigint
  readonly size: bigint
  readonly hashes: readonly Uint8Array[]
}

function leadsTo(checkpoint: Checkpoint, proof: Proof & { readonly leaf: Uint8Array }): boolean {
  const { seq: sequence, size, hashes, leaf } = proof
  const root = rootFromInclusion({ leaf, sequence, size, hashes })
  return size === checkpoint.size && root !== undefined && equalBytes(root, checkpoint.root)
}

/** `{seq, size, hashes}`. */
function readProof(bytes: Uint8Array): Proof | undefined {
  const text = decodeUtf8(bytes)
  const value = text === undefined ? undefined : readJsonObject(text)
  if (!value || !hasKeys(value, ['seq', 'size', 'hashes'])) return undefined
  const seq = readSequence(value['seq'])
  const size = readSequence(value['size'])
  const hashes = readHashes(value['hashes'])
  return seq === undefined || size === undefined || !hashes ? undefined : { seq, size, hashes }
}

/** Hashes in base64; undefined unless all of them have 32 bytes. */
export function readHashes(value: unknown): Uint8Array[] | undefined {
  if (!isTextList(value)) return undefined
  const hashes = value.map((text) => fromBase64(text))
  return hashes.every((hash) => hash?.length === 32) ? (hashes as Uint8Array[]) : undefined
}
