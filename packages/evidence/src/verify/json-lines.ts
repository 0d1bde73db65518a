import { decodeUtf8 } from '#platform'
import { readJsonObject } from './json-object.js'

/** Lines of a member that arrived together. */
export interface Lines {
  /** Without their line feeds. Valid until the next lines are asked for. */
  readonly lines: readonly Uint8Array[]
  /** Number of the first of them, from 1. */
  readonly first: number
  /** The last of them is not ended by a line feed. */
  readonly isCut: boolean
}

/** The longest line that is read into memory. */
export const MAX_LINE_BYTES = 64 * 1024 * 1024

const LF = 10

/** Splits a member into lines. A line that is too long comes as one without bytes. */
export async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Lines, void> {
  const rest = new Rest()
  let first = 1
  for await (const chunk of chunks) {
    const lines: Uint8Array[] = []
    let begin = 0
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, begin)) {
      lines.push(rest.with(chunk.subarray(begin, end)))
      begin = end + 1
    }
    rest.keep(chunk.subarray(begin))
    if (lines.length > 0) yield { lines, first, isCut: false }
    first += lines.length
  }
  if (rest.isPending) yield { lines: [rest.with(new Uint8Array(0))], first, isCut: true }
}

/** The beginning of a line whose end has not arrived. */
class Rest {
  #parts: Uint8Array[] = []
  #bytes = 0

  get isPending(): boolean {
    return this.#bytes > 0
  }

  keep(part: Uint8Array): void {
    if (part.length === 0) return
    this.#bytes += part.length
    // Counted on, but not kept: the line is refused as a whole.
    if (this.#bytes <= MAX_LINE_BYTES) this.#parts.push(part.slice())
  }

  with(end: Uint8Array): Uint8Array {
    if (this.#bytes === 0) return end
    const bytes = this.#bytes + end.length
    const line = new Uint8Array(bytes <= MAX_LINE_BYTES ? bytes : 0)
    let at = 0
    for (const part of line.length > 0 ? [...this.#parts, end] : []) {
      line.set(part, at)
      at += part.length
    }
    this.#parts = []
    this.#bytes = 0
    return line
  }
}

/** The object on a line; undefined when it is none. */
export function readLine(line: Uint8Array): Record<string, unknown> | undefined {
  const text = decodeUtf8(line)
  return text === undefined ? undefined : readJsonObject(text)
}
