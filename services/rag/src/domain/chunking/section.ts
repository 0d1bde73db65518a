import { type Heading, isUnderline, legalHeading, markdownHeading } from './heading.js'
import { type Line, linesOf, type Span } from './span.js'

/** What stands under one heading, the heading included. */
export interface Section extends Span {
  /** Headings above the text, outermost first. */
  readonly path: readonly string[]
}

const FENCE = /^ {0,3}(`{3,}|~{3,})/

/**
 * Cuts a text at its headings. The sections cover the text without gaps. A heading with nothing below
 * it but another heading opens the section of that one.
 */
export function* sectionsOf(text: string, isMarkdown: boolean): Generator<Section> {
  const reader = new HeadingReader(isMarkdown)
  let open: { start: number; path: readonly string[]; hasBody: boolean } = emptySection(0, [])
  for (const { line, heading } of reader.read(text)) {
    if (!heading) {
      open.hasBody ||= line.text.trim() !== '' && !(isMarkdown && isUnderline(line.text))
      continue
    }
    if (open.hasBody) {
      yield { start: open.start, end: line.start, path: open.path }
      open = emptySection(line.start, open.path)
    }
    open.path = reader.path()
  }
  if (open.start < text.length) yield { start: open.start, end: text.length, path: open.path }
}

function emptySection(start: number, path: readonly string[]) {
  return { start, path, hasBody: false }
}

/** Walks over the lines, knows which of them are headings and which headings are open. */
class HeadingReader {
  readonly #open: Heading[] = []
  readonly #isMarkdown: boolean
  #fence: string | undefined

  constructor(isMarkdown: boolean) {
    this.#isMarkdown = isMarkdown
  }

  path(): readonly string[] {
    return this.#open.map(({ title }) => title)
  }

  *read(text: string): Generator<{ line: Line; heading: Heading | undefined }> {
    let before = ''
    let line: Line | undefined
    for (const next of linesOf(text, { start: 0, end: text.length })) {
      if (line) {
        yield { line, heading: this.#heading(line.text, before, next.text) }
        before = line.text.trim()
      }
      line = next
    }
    if (line) yield { line, heading: this.#heading(line.text, before, '') }
  }

  #heading(line: string, before: string, after: string): Heading | undefined {
    if (this.#isMarkdown && this.#isCode(line)) return undefined
    const heading =
      (this.#isMarkdown ? markdownHeading(line, after) : undefined) ??
      legalHeading(line, { before, after: after.trim() })
    if (heading) {
      while ((this.#open.at(-1)?.level ?? 0) >= heading.level) this.#open.pop()
      this.#open.push(heading)
    }
    return heading
  }

  /** Whether the line belongs to a fenced code block (CommonMark 4.5), where `#` is no heading. */
  #isCode(line: string): boolean {
    const mark = FENCE.exec(line)?.[1]
    if (this.#fence === undefined) {
      this.#fence = mark
      return mark !== undefined
    }
    if (mark?.startsWith(this.#fence)) this.#fence = undefined
    return true
  }
}
