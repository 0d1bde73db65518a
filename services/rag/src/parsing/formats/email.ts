import PostalMime, { type Address, type Email } from 'postal-mime'
import { AppError } from '@lexcustis/core'
import { type FileType, fileTypeOf } from '../../domain/ingest/media-type.js'
import { assertTextSize, DocumentFault } from '../document-fault.js'
import { MarkdownText } from '../markdown-text.js'
import { htmlToMarkdown } from './html.js'

const MAX_ATTACHMENTS = 100
const MAX_NESTING = 20
/** A message forwarded in the body is part of it, what it forwarded itself is not. */
const MAX_FORWARDED = 1
/** One of these is in every message (RFC 5322, section 3.6). */
const KNOWN = new Set(['from', 'date', 'subject', 'to', 'message-id', 'received'])

/** Reads an attachment; undefined where attachments are not read. */
export type ReadAttachment = (bytes: Uint8Array, type: FileType) => Promise<string | undefined>

/**
 * Headers, body and attachments of a message (RFC 5322, RFC 2045). An attachment that cannot be read
 * is named with the reason and does not keep the rest from being read. Throws DocumentFault.
 */
export async function parseEmail(bytes: Uint8Array, readFile: ReadAttachment): Promise<string> {
  const email = await read(bytes)
  const out = new MarkdownText()
  out.heading(1, email.subject ?? 'Message without a subject')
  out.paragraph(headersOf(email))
  const parts = [out.toString(), bodyOf(email)]
  let chars = 0
  for (const { filename, mimeType, content } of email.attachments) {
    const title = new MarkdownText()
    title.heading(2, `Attachment: ${filename ?? 'without a name'}`)
    const text = await attached(content, mimeType, filename ?? '', readFile)
    assertTextSize((chars += text.length))
    parts.push(title.toString(), text)
  }
  return parts.join('')
}

async function read(bytes: Uint8Array): Promise<Email> {
  const email = await PostalMime.parse(bytes, {
    maxNestingDepth: MAX_NESTING,
    maxRfc822NestingDepth: MAX_FORWARDED,
    attachmentEncoding: 'arraybuffer',
  }).catch(() => {
    throw new DocumentFault(`it is damaged, or parts of it are nested deeper than ${MAX_NESTING}`)
  })
  if (email.attachments.length > MAX_ATTACHMENTS) {
    throw new DocumentFault(`it has more than ${MAX_ATTACHMENTS} attachments`)
  }
  if (!email.headers.some(({ key }) => KNOWN.has(key)))
    throw new DocumentFault('it has no headers and is not an e-mail')
  return email
}

function headersOf({ from, to, cc, date }: Email): string {
  const lines = [
    ['From', from ? nameOf(from) : ''],
    ['To', (to ?? []).map(nameOf).join(', ')],
    ['Cc', (cc ?? []).map(nameOf).join(', ')],
    ['Date', date ?? ''],
  ]
  return lines.flatMap(([name, value]) => (value ? [`${name ?? ''}: ${value}`] : [])).join('\n')
}

function nameOf({ name, address }: Address): string {
  return address ? `${name} <${address}>`.trim() : name
}

function bodyOf({ text, html }: Email): string {
  if (html !== undefined && (text === undefined || text.trim() === '')) return htmlToMarkdown(html)
  const out = new MarkdownText()
  for (const paragraph of (text ?? '').split(/\r?\n\s*\r?\n/)) out.paragraph(paragraph)
  return out.toString()
}

async function attached(
  content: ArrayBuffer | Uint8Array | string,
  declared: string,
  name: string,
  readFile: ReadAttachment,
): Promise<string> {
  const bytes = typeof content === 'string' ? Buffer.from(content) : new Uint8Array(content)
  const note = new MarkdownText()
  try {
    const text = await readFile(bytes, fileTypeOf(declared, name))
    if (text !== undefined) return text
    note.paragraph('(not read: it is attached to an attachment)')
  } catch (error) {
    note.paragraph(`(not read: ${whyNot(error)})`)
  }
  return note.toString()
}

function whyNot(error: unknown): string {
  if (error instanceof DocumentFault) return error.message
  if (!(error instanceof AppError)) return 'it is damaged'
  return error.reason === 'UNSUPPORTED_MEDIA_TYPE' ? 'its type is not accepted' : error.message
}
