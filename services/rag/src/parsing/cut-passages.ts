import { chunkText } from '../domain/chunking/chunk-text.js'
import type { TokenCounter } from '../domain/chunking/text-sizes.js'
import type { ParsedPassage } from '../domain/ingest/parser.js'
import { DocumentFault } from './document-fault.js'
import type { FileText } from './parse-file.js'

/** A file of headings alone could make millions. */
const MAX_PASSAGES = 250_000

/** Cuts what a file says into passages that know their page. Throws DocumentFault. */
export function cutPassages(
  { text, isMarkdown, pageStarts }: FileText,
  count?: TokenCounter,
): ParsedPassage[] {
  const passages: ParsedPassage[] = []
  const pageOf = createPageOf(toCodePoints(text, pageStarts))
  for (const chunk of chunkText(text, isMarkdown, count)) {
    if (passages.length === MAX_PASSAGES) {
      throw new DocumentFault(`it has more than ${MAX_PASSAGES} passages; split it`)
    }
    passages.push({ ...chunk, page: pageOf(chunk.start) })
  }
  if (passages.length === 0) throw new DocumentFault('it contains no text')
  return passages
}

/** The page that a passage begins on; 0 without pages. Passages are asked for in order. */
function createPageOf(starts: readonly number[]): (start: number) => number {
  let page = 0
  return (start) => {
    // An overlap begins a little before the end of the passage before it.
    while (page > 0 && (starts[page - 1] ?? 0) > start) page -= 1
    while ((starts[page] ?? Infinity) <= start) page += 1
    return page
  }
}

/** Ascending UTF-16 offsets as code points, which passages have. */
function toCodePoints(text: string, starts: readonly number[]): number[] {
  let unit = 0
  let point = 0
  return starts.map((start) => {
    while (unit < start) {
      unit += (text.codePointAt(unit) ?? 0) > 0xffff ? 2 : 1
      point += 1
    }
    return point
  })
}
