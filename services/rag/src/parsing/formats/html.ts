import { Parser } from 'htmlparser2'
import { decodeText } from '../../domain/ingest/decode-text.js'
import { DocumentFault } from '../document-fault.js'
import { MarkdownText } from '../markdown-text.js'
import { declaredByHtml } from './html-charset.js'

/** What nobody reads on the page. */
const SILENT = new Set(
  'title script style noscript template svg math nav head iframe object canvas audio video select'.split(
    ' ',
  ),
)
/** Elements that begin and end a paragraph. */
const BLOCKS = new Set(
  'address article aside blockquote body dd details div dl dt fieldset figcaption figure footer form header hr li main ol p pre section summary table tbody tfoot thead tr ul caption'.split(
    ' ',
  ),
)
const HEADING = /^h([1-6])$/
const CELLS = new Set(['td', 'th'])
/** The parser's time grows with the square of it; forgotten end tags make a few thousand. */
const MAX_DEPTH = 50_000

/**
 * Text of a page: headings, paragraphs, lists and the rows of tables. What came with the file (`charset`)
 * goes before what the page declares itself. Throws DocumentFault.
 */
export function parseHtml(bytes: Uint8Array, charset: string | undefined): string {
  return htmlToMarkdown(decodeText(bytes, charset ?? declaredByHtml(bytes)))
}

export function htmlToMarkdown(html: string): string {
  const reader = new PageReader()
  const parser = new Parser(
    {
      onopentag: (name, attributes) => reader.open(name, isHidden(attributes)),
      onclosetag: (name) => reader.close(name),
      ontext: (text) => reader.text(text),
    },
    { decodeEntities: true, lowerCaseTags: true },
  )
  parser.write(html)
  parser.end()
  return reader.end()
}

/** Text that nobody sees is not what the page says; instructions to a model like to hide there. */
function isHidden({ hidden, style = '' }: Readonly<Record<string, string>>): boolean {
  return hidden !== undefined || /display\s*:\s*none|visibility\s*:\s*hidden/i.test(style)
}

class PageReader {
  readonly #out = new MarkdownText()
  #paragraph = ''
  #title = ''
  #isTitle = false
  #headingLevel = 0
  #hasHeading = false
  /** Elements open inside one that is silent, that one included. */
  #silentDepth = 0
  #preDepth = 0
  #cellDepth = 0
  #depth = 0

  open(name: string, isHidden: boolean): void {
    if (++this.#depth > MAX_DEPTH) {
      throw new DocumentFault(`its elements are nested deeper than ${MAX_DEPTH}`)
    }
    if (name === 'title') this.#isTitle = true
    if (this.#silentDepth > 0 || isHidden || SILENT.has(name)) {
      this.#silentDepth += 1
      return
    }
    this.#begin(name)
  }

  #begin(name: string): void {
    if (CELLS.has(name)) this.#openCell()
    else if (this.#isBreak(name)) this.#flush()
    this.#headingLevel = Number(HEADING.exec(name)?.[1] ?? this.#headingLevel)
    if (name === 'pre') this.#preDepth += 1
    if (name === 'li') this.#paragraph = '- '
    if (name === 'br') this.#paragraph += '\n'
  }

  close(name: string): void {
    this.#depth -= 1
    if (name === 'title') this.#isTitle = false
    if (this.#silentDepth > 0) {
      this.#silentDepth -= 1
      return
    }
    if (CELLS.has(name)) {
      this.#cellDepth -= 1
      this.#paragraph = this.#paragraph.trimEnd()
    } else if (this.#isBreak(name)) {
      this.#flush()
    }
    if (name === 'pre') this.#preDepth -= 1
  }

  #openCell(): void {
    this.#cellDepth += 1
    if (this.#paragraph !== '') this.#paragraph += ' | '
  }

  /** Whether a paragraph begins or ends here; a row of a table stays one, whatever its cells hold. */
  #isBreak(name: string): boolean {
    if (!HEADING.test(name) && !BLOCKS.has(name)) return false
    if (this.#cellDepth === 0) return true
    if (!/\s$/.test(this.#paragraph)) this.#paragraph += ' '
    return false
  }

  text(text: string): void {
    if (this.#isTitle) this.#title += text
    if (this.#silentDepth > 0) return
    if (this.#preDepth > 0) {
      this.#paragraph += text
      return
    }
    const line = text.replaceAll(/\s+/g, ' ')
    this.#paragraph += /\s$/.test(this.#paragraph) ? line.trimStart() : line
  }

  end(): string {
    this.#flush()
    const text = this.#out.toString()
    if (this.#hasHeading || this.#title.trim() === '' || text === '') return text
    const titled = new MarkdownText()
    titled.heading(1, this.#title)
    return `${titled.toString()}${text}`
  }

  #flush(): void {
    const text = this.#paragraph
    const level = this.#headingLevel
    this.#paragraph = ''
    this.#headingLevel = 0
    if (text.trim() === '' || text.trim() === '-') return
    if (level > 0) {
      this.#hasHeading = true
      this.#out.heading(level, text)
    } else {
      this.#out.paragraph(text)
    }
  }
}
