import { createSha256, toHex } from '#platform'
import type { Bundle } from '../bundle/bundle.js'
import { EvidenceError } from '../failure.js'
import type { Findings } from './findings.js'
import type { Progress } from './report.js'

/** What the manifest says about a member. */
export interface ListedMember {
  /** Hex. */
  readonly sha256: string
  readonly bytes: number
}

/** Reads the members that the manifest lists, and holds each against it. */
export interface MemberReader {
  readonly listed: ReadonlyMap<string, ListedMember>
  /**
   * The bytes of a member, as they come. What does not hold is found only at its end, and breaks the
   * member. Empty when the member is not there.
   */
  stream(path: string): AsyncIterable<Uint8Array>
  /** A member as a whole; undefined when it is not there or not what the manifest lists. */
  whole(path: string, maxBytes: number): Promise<Uint8Array | undefined>
  /** Reads whatever has not been read. */
  rest(): Promise<void>
}

export function createMemberReader(
  bundle: Bundle,
  listed: ReadonlyMap<string, ListedMember>,
  findings: Findings,
  onProgress: (progress: Progress) => void = () => undefined,
): MemberReader {
  const done = new Set<string>()
  const totalBytes = [...listed.values()].reduce((sum, { bytes }) => sum + bytes, 0)
  let doneBytes = 0

  async function* stream(path: string): AsyncGenerator<Uint8Array, void> {
    const expected = listed.get(path)
    if (!expected || findings.isBroken(path)) return
    done.add(path)
    const hash = createSha256()
    let bytes = 0
    try {
      for await (const chunk of bundle.open(path)) {
        bytes += chunk.length
        if (bytes > expected.bytes) break
        hash.update(chunk)
        doneBytes += chunk.length
        onProgress({ doneBytes, totalBytes })
        yield chunk
      }
    } catch (error) {
      if (!(error instanceof EvidenceError)) throw error
      findings.breakMember(path, error.code, error.detail)
      return
    }
    if (bytes !== expected.bytes) {
      findings.breakMember(path, 'member_hash', 'has another size than the manifest lists')
    } else if (toHex(hash.digest()) !== expected.sha256) {
      findings.breakMember(path, 'member_hash', 'has another SHA-256 than the manifest lists')
    }
  }

  return {
    listed,
    stream,
    whole: async (path, maxBytes) => {
      const expected = listed.get(path)
      if (!expected) return undefined
      const isSmall = expected.bytes <= maxBytes
      const bytes = await collect(stream(path), isSmall ? expected.bytes : 0)
      if (!isSmall) findings.add('member_malformed', 'is too large', { member: path })
      return findings.isBroken(path) || !isSmall ? undefined : bytes
    },
    rest: async () => {
      for (const path of listed.keys()) {
        if (!done.has(path)) await collect(stream(path), 0)
      }
    },
  }
}

/** At most `capacity` bytes of what comes; all of it is read. */
export async function collect(
  chunks: AsyncIterable<Uint8Array>,
  capacity: number,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of chunks) {
    if (bytes + chunk.length > capacity) continue
    parts.push(chunk.slice())
    bytes += chunk.length
  }
  const whole = new Uint8Array(bytes)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
