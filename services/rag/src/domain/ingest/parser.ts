import type { MediaType } from './media-type.js'

/** Where a page begins. */
export interface Page {
  /** From 1. */
  readonly number: number
  /** Code points of the text before it. */
  readonly start: number
}

/** What a file says, in one text. */
export interface ParsedDocument {
  /** Markdown when `isMarkdown`: headings are marked as there. */
  readonly text: string
  readonly isMarkdown: boolean
  /** Ascending; empty for formats without pages. */
  readonly pages: readonly Page[]
  /** ISO 639-1; empty when it cannot be told. */
  readonly language: string
}

export interface FileToParse {
  readonly bytes: Uint8Array
  readonly mediaType: MediaType
}

/** Reads files of every accepted type. */
export interface DocumentParser {
  /**
   * Takes the bytes over: they must not be used afterwards. Throws INVALID_INPUT, saying for the owner
   * what is wrong with the file, or the reason of `signal`.
   */
  parse(file: FileToParse, signal: AbortSignal): Promise<ParsedDocument>
}
