import { getDocumentProxy } from 'unpdf'
import { assertTextSize, DocumentFault } from '../document-fault.js'
import { MarkdownText } from '../markdown-text.js'

const MAX_PAGES = 10_000
/** Of pdf.js, whose warnings go to stdout. */
const SILENT = 0
/** A line this much larger than the text around it is a heading, if it is short. */
const HEADING_RATIO = 1.2
const TITLE_RATIO = 1.5
const MAX_HEADING_CHARS = 160
/** A gap this much larger than a line's height begins a paragraph. */
const PARAGRAPH_GAP = 1.6

export interface PdfText {
  readonly text: string
  /** UTF-16 offset of each page's beginning. */
  readonly pageStarts: readonly number[]
}

interface Line {
  readonly text: string
  /** Of its largest letters, in points. */
  readonly height: number
  /** From the bottom of the page. */
  readonly y: number
}

/** Text, pages and headings of a PDF (ISO 32000). Throws DocumentFault. */
export async function parsePdf(bytes: Uint8Array): Promise<PdfText> {
  const pdf = await openPdf(bytes)
  try {
    return write(await readPages(pdf))
  } finally {
    await pdf.loadingTask.destroy()
  }
}

async function readPages(pdf: Pdf): Promise<Line[][]> {
  if (pdf.numPages > MAX_PAGES) throw new DocumentFault(`it has more than ${MAX_PAGES} pages`)
  const pages: Line[][] = []
  let chars = 0
  for (let number = 1; number <= pdf.numPages; number += 1) {
    const lines = await readPage(pdf, number)
    for (const { text } of lines) chars += text.length
    assertTextSize(chars)
    pages.push(lines)
  }
  if (chars === 0) {
    throw new DocumentFault('it has no text layer, only images; run OCR on it first')
  }
  return pages
}

type Pdf = Awaited<ReturnType<typeof getDocumentProxy>>

async function openPdf(bytes: Uint8Array): Promise<Pdf> {
  try {
    return await getDocumentProxy(new Uint8Array(bytes), { verbosity: SILENT })
  } catch (error) {
    // pdf.js names its errors so; their texts quote the file.
    const name = error instanceof Error ? error.name : ''
    if (name === 'PasswordException') {
      throw new DocumentFault('it is encrypted; save it without a password')
    }
    throw new DocumentFault('it is damaged: it cannot be opened as a PDF')
  }
}

async function readPage(pdf: Pdf, number: number): Promise<Line[]> {
  const content = await pdf
    .getPage(number)
    .then(async (page) => {
      const text = await page.getTextContent()
      page.cleanup()
      return text
    })
    .catch(() => {
      throw new DocumentFault(`it is damaged: page ${number} cannot be read`)
    })
  const lines: Line[] = []
  let open: { text: string; height: number; y: number } | undefined
  for (const item of content.items) {
    if (!('str' in item)) continue
    const y = Number(item.transform[5] ?? 0)
    const isSameLine = open && Math.abs(open.y - y) <= Math.max(open.height, item.height) / 2
    if (open && !isSameLine) {
      lines.push(open)
      open = undefined
    }
    open ??= { text: '', height: 0, y }
    open.text += item.str
    open.height = Math.max(open.height, item.height)
    if (item.hasEOL) {
      lines.push(open)
      open = undefined
    }
  }
  if (open) lines.push(open)
  return lines.filter(({ text }) => text.trim() !== '')
}

function write(pages: readonly (readonly Line[])[]): PdfText {
  const body = bodyHeight(pages.flat())
  const out = new MarkdownText()
  const pageStarts: number[] = []
  for (const lines of pages) {
    pageStarts.push(out.length)
    let paragraph: string[] = []
    const flush = () => {
      out.paragraph(joinLines(paragraph))
      paragraph = []
    }
    lines.forEach((line, at) => {
      const before = lines[at - 1]
      if (before && before.y - line.y > before.height * PARAGRAPH_GAP) flush()
      const level = headingLevel(line, body)
      if (level === undefined) {
        paragraph.push(line.text.trim())
        return
      }
      flush()
      out.heading(level, line.text)
    })
    flush()
  }
  return { text: out.toString(), pageStarts }
}

/** A word broken at the end of a line is put together again. */
function joinLines(lines: readonly string[]): string {
  return lines.join('\n').replaceAll(/(\p{Ll})-\n(?=\p{Ll})/gu, '$1')
}

/** The height that most of the text has. */
function bodyHeight(lines: readonly Line[]): number {
  const chars = new Map<number, number>()
  for (const { height, text } of lines) {
    const rounded = Math.round(height * 2) / 2
    chars.set(rounded, (chars.get(rounded) ?? 0) + text.length)
  }
  const [most] = [...chars].sort(([, a], [, b]) => b - a)
  return most?.[0] ?? 0
}

function headingLevel({ text, height }: Line, body: number): number | undefined {
  if (body === 0 || text.trim().length > MAX_HEADING_CHARS) return undefined
  const ratio = height / body
  if (ratio >= TITLE_RATIO) return 1
  return ratio >= HEADING_RATIO ? 2 : undefined
}
