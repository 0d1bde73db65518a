/** The members of an export, wherever they lie: a folder or a zip. */
export interface Bundle {
  /** Path → bytes, of every member there is. */
  readonly members: ReadonlyMap<string, number>
  /**
   * The bytes of a member. Throws EvidenceError `member_unreadable` while it is read, when the
   * container does not hold what it says.
   */
  open(path: string): AsyncIterable<Uint8Array>
  close(): Promise<void>
}

/** Bytes that can be read in any order: an open file, or a Blob. */
export interface RandomAccess {
  readonly size: number
  /** Exactly `length` bytes. */
  read(offset: number, length: number): Promise<Uint8Array>
}

/** Bytes read at once. */
export const CHUNK_BYTES = 256 * 1024

/** The bytes of [offset, offset + length), piece by piece. */
export async function* readRange(
  access: RandomAccess,
  offset: number,
  length: number,
): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < length; at += CHUNK_BYTES) {
    yield await access.read(offset + at, Math.min(CHUNK_BYTES, length - at))
  }
}
