import { decodeText } from '../domain/ingest/decode-text.js'
import type { MediaType } from '../domain/ingest/media-type.js'
import type { FileToParse, Page, ParsedDocument } from '../domain/ingest/parser.js'
import { assertTextSize, DocumentFault } from './document-fault.js'
import { languageOf } from './language.js'

interface Parsed {
  readonly text: string
  readonly isMarkdown: boolean
  /** UTF-16 offsets. */
  readonly pageStarts?: readonly number[]
}

type Parse = (bytes: Uint8Array) => Promise<Parsed>

const markdown = (text: string): Parsed => ({ text, isMarkdown: true })

/** Each parser is loaded when its first file comes. */
const PARSERS: Readonly<Record<MediaType, Parse>> = {
  'text/plain': async (bytes) => ({ text: decodeText(bytes), isMarkdown: false }),
  'text/markdown': async (bytes) => markdown(decodeText(bytes)),
  'text/html': async (bytes) => markdown((await import('./formats/html.js')).parseHtml(bytes)),
  'text/csv': async (bytes) => markdown((await import('./formats/csv.js')).parseCsv(bytes)),
  'application/pdf': async (bytes) => {
    const { text, pageStarts } = await (await import('./formats/pdf.js')).parsePdf(bytes)
    return { text, pageStarts, isMarkdown: true }
  },
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': async (bytes) =>
    markdown(await (await import('./formats/docx.js')).parseDocx(bytes)),
  'message/rfc822': async (bytes) => {
    const { parseEmail } = await import('./formats/email.js')
    return markdown(await parseEmail(bytes, parseAttachment))
  },
}

/** One level deep: a message inside a message is not opened. */
async function parseAttachment(bytes: Uint8Array, type: MediaType): Promise<string | undefined> {
  if (type === 'message/rfc822') return undefined
  return (await PARSERS[type](bytes)).text
}

/** Reads a file of any accepted type. Throws DocumentFault. */
export async function parseFile({ bytes, mediaType }: FileToParse): Promise<ParsedDocument> {
  const { text, isMarkdown, pageStarts = [] } = await PARSERS[mediaType](bytes)
  assertTextSize(text.length)
  if (!/\S/.test(text)) throw new DocumentFault('it contains no text')
  return { text, isMarkdown, pages: toPages(text, pageStarts), language: languageOf(text) }
}

/** Offsets in code points, as passages have them. */
function toPages(text: string, starts: readonly number[]): Page[] {
  let unit = 0
  let point = 0
  return starts.map((start, index) => {
    while (unit < start) {
      unit += (text.codePointAt(unit) ?? 0) > 0xffff ? 2 : 1
      point += 1
    }
    return { number: index + 1, start: point }
  })
}
