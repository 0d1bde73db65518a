import { assertTextSize } from './document-fault.js'

/** Lines that Markdown would take for a heading, the line under one, or the edge of code. */
const MARKUP = /^( {0,3})(?=#{1,6}[ \t]|[=-]+[ \t]*$|`{3}|~{3})/

/** NUL and halves of characters, which entities and broken fonts can bring about. */
const UNSTORABLE = /[\0\p{Surrogate}]/gu

/** Puts a text together from paragraphs and headings, as the Markdown that the chunker reads. */
export class MarkdownText {
  readonly #blocks: string[] = []
  #chars = 0

  /** UTF-16 offset at which the next block begins. */
  get length(): number {
    return this.#chars
  }

  /** `level` from 1; deeper than 6 counts as 6. Empty ones are left out. */
  heading(level: number, title: string): void {
    const line = title.replaceAll(/\s+/g, ' ').trim()
    if (line !== '') this.#add(`${'#'.repeat(Math.min(level, 6))} ${line}`)
  }

  /** Text of one or more lines. Nothing in it is markup. */
  paragraph(text: string): void {
    const lines = text.split('\n').map((line) => line.trimEnd().replace(MARKUP, '$1\\'))
    const block = lines.join('\n').trim()
    if (block !== '') this.#add(block)
  }

  toString(): string {
    return this.#blocks.join('')
  }

  #add(written: string): void {
    const block = written.replaceAll(UNSTORABLE, '\ufffd')
    this.#blocks.push(block, '\n\n')
    this.#chars += block.length + 2
    assertTextSize(this.#chars)
  }
}
