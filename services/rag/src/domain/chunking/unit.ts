import { isLowSurrogate, isSpace, linesOf, type Span, trimSpan } from './span.js'
import type { TextSizes } from './text-sizes.js'

/** The smallest part that a chunk is put together from: a paragraph, or a piece of a long one. */
export interface Unit extends Span {
  readonly size: number
  /** Units of one paragraph share its number. */
  readonly paragraph: number
}

/** `1.`, `(a)`, `iv)`, `-`, `•`: a list item or a numbered paragraph begins. */
const ITEM = /^\s*(?:[-*+•–]|\(?(?:\d{1,3}|[a-z]{1,4})[.)])\s/u

/** Cuts a section into paragraphs, and those above `maxSize` into sentences or, failing that, pieces. */
export function* unitsOf(
  text: string,
  sizes: TextSizes,
  section: Span,
  maxSize: number,
): Generator<Unit> {
  let paragraph = 0
  for (const span of paragraphsOf(text, section)) {
    for (const part of splitLong(text, sizes, span, maxSize)) {
      yield { ...part, size: sizes.between(part.start, part.end), paragraph }
    }
    paragraph++
  }
}

/** Blank lines and list items begin a paragraph; lines that were merely wrapped do not. */
function* paragraphsOf(text: string, section: Span): Generator<Span> {
  let start = section.start
  let isOpen = false
  for (const line of linesOf(text, section)) {
    const isBlank = line.text.trim() === ''
    if (isOpen && (isBlank || ITEM.test(line.text))) {
      yield* trimmed(text, { start, end: line.start })
      isOpen = false
    }
    if (!isOpen && !isBlank) {
      start = line.start
      isOpen = true
    }
  }
  if (isOpen) yield* trimmed(text, { start, end: section.end })
}

function* trimmed(text: string, span: Span): Generator<Span> {
  const rest = trimSpan(text, span)
  if (rest) yield rest
}

function* splitLong(text: string, sizes: TextSizes, span: Span, maxSize: number): Generator<Span> {
  if (sizes.between(span.start, span.end) <= maxSize) {
    yield span
    return
  }
  for (const sentence of sentencesOf(text, span)) {
    if (sizes.between(sentence.start, sentence.end) <= maxSize) yield sentence
    else yield* piecesOf(text, sizes, sentence, maxSize)
  }
}

const SENTENCES = new Intl.Segmenter('en', { granularity: 'sentence' })
/** The segmenter copies its text again for every sentence it finds: long paragraphs go in windows. */
const WINDOW = 4_096

function* sentencesOf(text: string, { start, end }: Span): Generator<Span> {
  for (let from = start; from < end;) {
    const to = wordBoundary(text, from, Math.min(from + WINDOW, end), end)
    for (const { index, segment } of SENTENCES.segment(text.slice(from, to))) {
      yield* trimmed(text, { start: from + index, end: from + index + segment.length })
    }
    from = to
  }
}

/** Pieces of at most `maxSize`, cut at white space where there is any and never inside a character. */
function* piecesOf(
  text: string,
  sizes: TextSizes,
  { start, end }: Span,
  maxSize: number,
): Generator<Span> {
  for (let from = start; from < end;) {
    let to = from + 1
    while (to < end && sizes.between(from, to + 1) <= maxSize) to++
    to = wordBoundary(text, from, to, end)
    yield* trimmed(text, { start: from, end: to })
    from = to
  }
}

/** The last place before `to` after white space; else `to`, moved off the middle of a character. */
function wordBoundary(text: string, from: number, to: number, end: number): number {
  if (to >= end) return end
  for (let at = to; at > from; at--) {
    if (isSpace(text.charCodeAt(at - 1))) return at
  }
  const isInsidePair = isLowSurrogate(text.charCodeAt(to)) && to - 1 > from
  return isInsidePair ? to - 1 : to
}
