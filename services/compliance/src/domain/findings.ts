import type { Check, Finding, Hit } from './check.js'
import { createCodePointIndex } from './text/code-points.js'

/** Reports the hits of several checks in one text: code point offsets, in reading order. */
export function toFindings(
  text: string,
  messageIndex: number,
  hits: Readonly<Partial<Record<Check, readonly Hit[]>>>,
): Finding[] {
  const toCodePoint = createCodePointIndex(text)
  const entries = Object.entries(hits) as [Check, readonly Hit[]][]
  return entries
    .flatMap(([check, found]) =>
      found.map((hit) => ({
        ...hit,
        check,
        messageIndex,
        start: toCodePoint(hit.start),
        end: toCodePoint(hit.end),
      })),
    )
    .sort((a, b) => a.start - b.start || a.end - b.end)
}
