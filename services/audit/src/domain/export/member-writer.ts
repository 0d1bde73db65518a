import { createHash } from 'node:crypto'
import { kib } from '@lexcustis/core'
import type { Piece } from './ports.js'

/** What the manifest says of a member. */
export interface WrittenMember {
  /** Hex. */
  readonly sha256: string
  readonly bytes: number
}

/** A part of a member. */
export interface Part {
  readonly text: string
  /** The receiver has it from an earlier export: it counts for the manifest and is not sent. */
  readonly isHeld?: boolean
}

const CHUNK_BYTES = kib(64)

/** Cuts members into pieces of one size, and remembers size and hash of each. */
export class MemberWriter {
  readonly #members = new Map<string, WrittenMember>()

  /** Path → member, in the order of writing. */
  get members(): ReadonlyMap<string, WrittenMember> {
    return this.#members
  }

  async *write(
    member: string,
    parts: AsyncIterable<Part> | Iterable<Part>,
  ): AsyncGenerator<Piece, void> {
    const hash = createHash('sha256')
    let sizeBytes = 0
    let waiting: Buffer[] = []
    let waitingBytes = 0
    for await (const { text, isHeld = false } of parts) {
      const bytes = Buffer.from(text)
      hash.update(bytes)
      sizeBytes += bytes.length
      if (isHeld) continue
      waiting.push(bytes)
      waitingBytes += bytes.length
      if (waitingBytes < CHUNK_BYTES) continue
      const data = Buffer.concat(waiting)
      const whole = data.length - (data.length % CHUNK_BYTES)
      yield* chunks(member, data.subarray(0, whole))
      waiting = [data.subarray(whole)]
      waitingBytes = data.length - whole
    }
    // A member without a byte is a member: it needs a piece as well.
    yield { member, data: Buffer.concat(waiting) }
    this.#members.set(member, { sha256: hash.digest('hex'), bytes: sizeBytes })
  }
}

function* chunks(member: string, data: Buffer): Generator<Piece> {
  for (let at = 0; at < data.length; at += CHUNK_BYTES) {
    yield { member, data: data.subarray(at, at + CHUNK_BYTES) }
  }
}
