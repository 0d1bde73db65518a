import { decodeText } from '../domain/ingest/decode-text.js'
import { type FileType, type MediaType, readMediaType } from '../domain/ingest/media-type.js'
import type { FileToParse } from '../domain/ingest/parser.js'
import { assertTextSize } from './document-fault.js'

/** All that a file says, in one text. */
export interface FileText {
  /** Markdown when `isMarkdown`: headings are marked as there. */
  readonly text: string
  readonly isMarkdown: boolean
  /** UTF-16 offset at which each page begins; empty for formats without pages. */
  readonly pageStarts: readonly number[]
}

type ReadFile = (bytes: Uint8Array, charset: string | undefined) => Promise<FileText>

const markdown = (text: string): FileText => ({ text, isMarkdown: true, pageStarts: [] })

/** Each parser is loaded when its first file comes. */
const READERS: Readonly<Record<MediaType, ReadFile>> = {
  'text/plain': async (bytes, charset) => ({
    ...markdown(decodeText(bytes, charset)),
    isMarkdown: false,
  }),
  'text/markdown': async (bytes, charset) => markdown(decodeText(bytes, charset)),
  'text/html': async (bytes, charset) => {
    const { parseHtml } = await import('./formats/html.js')
    return markdown(parseHtml(bytes, charset))
  },
  'text/csv': async (bytes, charset) => {
    const { csvToMarkdown } = await import('./formats/csv.js')
    return markdown(csvToMarkdown(decodeText(bytes, charset)))
  },
  'application/pdf': async (bytes) => {
    const { parsePdf } = await import('./formats/pdf.js')
    return { isMarkdown: true, ...(await parsePdf(bytes)) }
  },
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': async (bytes) => {
    const { parseDocx } = await import('./formats/docx.js')
    return markdown(await parseDocx(bytes))
  },
  'message/rfc822': async (bytes) => {
    const { parseEmail } = await import('./formats/email.js')
    return markdown(await parseEmail(bytes, readAttachment))
  },
}

/** One level deep: of a message attached to a message, attachments are only named. */
async function readAttachment(bytes: Uint8Array, { type, charset }: FileType): Promise<string> {
  if (type === 'message/rfc822') {
    const { parseEmail } = await import('./formats/email.js')
    return parseEmail(bytes, async () => undefined)
  }
  return (await READERS[type](bytes, charset)).text
}

/** Reads a file of any accepted type. Throws DocumentFault, or INVALID_INPUT for text in no encoding. */
export async function parseFile({ bytes, mediaType }: FileToParse): Promise<FileText> {
  const { type, charset } = readMediaType(mediaType)
  const file = await READERS[type](bytes, charset)
  assertTextSize(file.text.length)
  return file
}
