import type { Chunk } from '../chunking/chunk-text.js'

/** A passage of a file, and where it stands. */
export interface ParsedPassage extends Chunk {
  /** That it begins on, from 1; 0 when the file has no pages. */
  readonly page: number
}

/** What a file says, cut into passages. */
export interface ParsedDocument {
  /** In order; together everything that the file says. At least one. */
  readonly passages: readonly ParsedPassage[]
  /** ISO 639-1; empty when it cannot be told. */
  readonly language: string
}

export interface FileToParse {
  readonly bytes: Uint8Array
  /** As `readMediaType` gave it. */
  readonly mediaType: string
}

/** Reads files of every accepted type. */
export interface DocumentParser {
  /**
   * The same bytes give the same passages.
   * Throws INVALID_INPUT, saying for the owner what is wrong with the file; UNAVAILABLE when it could
   * not be told now; or the reason of `signal`.
   */
  parse(file: FileToParse, signal: AbortSignal): Promise<ParsedDocument>
}
